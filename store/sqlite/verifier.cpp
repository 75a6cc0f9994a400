#include <skald/store/sqlite/verifier.hpp>

#include <skald/store/database/inspection.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

namespace skald::detail::sqlite {

/// Begins at a position. Looking for what is greater than the last position of a damaged page would read that page.
bool verifier::show_records(inspector& found, std::int64_t& behind, std::int64_t limit) {
  return look([&] {
    statement page{db_, purpose,
                   "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                   "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.position >= ?1 "
                   "ORDER BY e.position"};
    for (auto row = page(behind + 1); limit > 0 && row.next(); --limit) {
      record r;
      const auto* problem = decode_.read_with_stream(row, r);
      found.show_record(r, record_decoder::checksum(row), problem);
      behind = row.integer(0);
    }
    return limit == 0;
  });
}

void verifier::show_streams(inspector& found) const {
  look([&] {
    statement streams{db_, purpose, "SELECT key, name, revision, newest FROM skald_streams ORDER BY key"};
    statement events{db_, purpose,
                     "SELECT stream, revision, position, created FROM skald_events "
                     "ORDER BY stream, revision, position"};
    auto stream = streams();
    auto event = events();
    detail::show_streams(found, stream, event);
  });
}

void verifier::show_receipts(inspector& found) const {
  each("SELECT id, " SKALD_RECEIPT_COLUMNS " FROM skald_commands ORDER BY key",
       [&](const rows& row) { show_receipt(found, row); });
}

void verifier::show_snapshots(inspector& found) const {
  each("SELECT f.reducer, f.relation <> 0, coalesce(k.name, s.name), " SKALD_SNAPSHOT_COLUMNS
       " FROM skald_snapshots f LEFT JOIN skald_relation_keys k ON k.key = f.relation "
       "LEFT JOIN skald_streams s ON s.key = f.stream ORDER BY f.rowid",
       [&](const rows& row) { show_snapshot(found, row); });
}

void verifier::show_own(inspector& found) const {
  each("PRAGMA integrity_check(" + std::to_string(limits::problems) + ")", [&](const rows& row) {
    if (row.text(0) != "ok") found.note("SQLite finds: " + on_one_line(row.text(0)));
  });
}

} // namespace skald::detail::sqlite
