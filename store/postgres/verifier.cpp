#include <skald/store/postgres/verifier.hpp>

#include <skald/store/database/inspection.hpp>
#include <skald/store/postgres/queries.hpp>

namespace skald::detail::postgres {

namespace {

constexpr const char* reading_events = "verifying it";

/// Rows of stream, revision, position and `created`, in this order.
class events_of_streams {
public:
  events_of_streams(connection& db, std::int64_t behind, std::int64_t last)
    : db_{db},
      page_{db.run_text(reading_events, "DECLARE skald_events_of NO SCROLL CURSOR FOR "
                                        "SELECT stream, revision, position, created FROM skald_events WHERE stream > " +
                                          std::to_string(behind) + " AND stream <= " + std::to_string(last) +
                                          " ORDER BY stream, revision, position")} {}
  void close() { db_.run_text(reading_events, "CLOSE skald_events_of"); }

  bool next() {
    if (page_.next()) return true;
    page_ = db_.run_text(reading_events, "FETCH 10000 FROM skald_events_of");
    return page_.next();
  }
  [[nodiscard]] std::int64_t integer(int column) const { return page_.integer(column); }

private:
  connection& db_;
  rows page_;
};

} // namespace

verifier::verifier(connection& db, record_decoder& decode) : db_{db}, decode_{decode} {
  db_.run_text(purpose, "BEGIN ISOLATION LEVEL REPEATABLE READ; SAVEPOINT begun");
}

verifier::~verifier() {
  try {
    db_.run_text(purpose, "ROLLBACK");
  } catch (...) {
    return; // the connection is lost, and the transaction with it
  }
}

void verifier::go_on() { db_.run_text(purpose, "ROLLBACK TO SAVEPOINT begun"); }

bool verifier::show_records(inspector& found, std::int64_t& behind, std::int64_t limit) {
  auto row = db_.run(all_pages[0], behind, INT64_MAX, nullptr, limit);
  decode_.trim();
  const auto count = decode_.fetch_page(row, streams_of_page::several);
  for (auto left = count; left > 0 && row.next(); --left) {
    record r;
    const auto* problem = decode_.read_with_stream(row, r);
    found.show_record(r, record_decoder::checksum(row), problem);
    behind = row.integer(0);
  }
  return count > 0;
}

void verifier::show_streams(inspector& found) {
  constexpr std::int64_t events_to_sort = 100'000;
  for (std::int64_t behind = INT64_MIN;;) {
    auto streams = db_.run(next_streams, behind, events_to_sort);
    auto last = behind;
    while (streams.next()) last = streams.integer(0);
    if (last == behind) return;
    streams.go_back_to(0);
    events_of_streams events{db_, behind, last};
    detail::show_streams(found, streams, events);
    events.close();
    behind = last;
  }
}

void verifier::show_receipts(inspector& found) {
  std::string last;
  for (bool more = true; more;) {
    more = false;
    for (auto row = db_.run(next_receipts, last); row.next(); more = true) {
      show_receipt(found, row);
      last = row.text(0);
    }
  }
}

void verifier::show_snapshots(inspector& found) {
  struct key {
    bool of_relation = false;
    std::string name, reducer;
  } last;
  for (bool more = true; more;) {
    more = false;
    for (auto row = db_.run(next_snapshots, last.of_relation, last.name, last.reducer); row.next(); more = true) {
      show_snapshot(found, row);
      last = {row.integer(1) != 0, std::string{row.text(2)}, std::string{row.text(0)}};
    }
  }
}

void verifier::show_own(inspector& found) {
  for (const auto* question : problems_of_head)
    each(question, [&](const rows& row) { found.note(std::string{row.text(0)}); });
}

} // namespace skald::detail::postgres
