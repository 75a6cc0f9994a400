#include <skald/store/postgres/writer.hpp>

#include <skald/store/postgres/queries.hpp>

#include <algorithm>
#include <cassert>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

namespace skald::detail::postgres {

namespace {

const statement was_committed{"looking whether the last transaction was committed",
                              "SELECT 1 FROM skald_sessions WHERE id = $1 AND commits = $2"};

/// Collects what a transaction is about to ask for, so that each kind of thing needs one statement.
struct question {
  void stream(const stream_id& name) {
    if (names.emplace(name.str()).second) streams.push_back(&name);
  }

  std::unordered_set<std::string_view> names;
  std::vector<const stream_id*> streams;
  std::vector<event_id> ids;
  std::set<std::string> types;
  std::vector<command_id> commands;
};

} // namespace

writer::writer(std::unique_ptr<connection> db, hybrid_clock& clock, head_tracker& heads, bool verified)
  : db_{std::move(db)}, clock_{clock}, heads_{heads}, events_{*db_, verified, streams_} {
  auto found = db_->run_text("listening for appends of others", "SELECT 'skald_head'::regclass::oid");
  found.next();
  head_table_ = found.text(0);
  channel_ = "skald_" + head_table_;
  db_->listen(channel_, [this](const std::string& payload) {
    if (const auto head = position::parse(payload)) heads_.seen(*head);
  });
  heads_.seen(look()); // after it listens, so that nothing is missed between
}

position writer::look() {
  auto found = db_->run(look_at_head);
  if (!found.next()) db_->corrupt("the table skald_head is empty");
  clock_.observe(timestamp{counter_at(found, 1)});
  return position{counter_at(found, 0)};
}

void writer::begin() {
  forget();
  db_->run_text("beginning a transaction", "BEGIN");
  wrote_ = true;
}

void writer::begin_appending(bool relaxed) {
  forget();
  events_.trim();
  wrote_ = false;
  auto head = db_->run_text("waiting for its turn to write",
                            std::string{"BEGIN; "} + (relaxed ? "SET LOCAL synchronous_commit = off; " : "") +
                              "SELECT pg_advisory_xact_lock(1936419941, " + head_table_ +
                              "::oid::integer); "
                              "SELECT position, recorded, last_stream, last_type FROM skald_head FOR UPDATE");
  if (!head.next()) db_->corrupt("the table skald_head is empty");
  head_ = {position{counter_at(head, 0)}, timestamp{counter_at(head, 1)}, head.integer(3)};
  streams_.set_last_key(head.integer(2));
  clock_.observe(head_.recorded);
  heads_.seen(head_.newest);
  appending_ = true;
}

void writer::commit() {
  flush();
  if (receipts_.flush()) wrote_ = true;
  if (relations_.flush()) wrote_ = true;
  if (!wrote_) return undo();
  try {
    db_->run_text("committing a transaction", (appending_ ? count_commit() : std::string{}) + "COMMIT");
  } catch (const lost_connection& why) {
    auto unheard = why.error();
    unheard.outcome = outcome::unknown;
    throw lost_connection{std::move(unheard)};
  }
  if (appending_) heads_.set(head_.newest);
  appending_ = false;
  events_.committed();
}

void writer::undo() noexcept {
  appending_ = false;
  events_.undo();
  try {
    db_->run_text("undoing a transaction", "ROLLBACK");
  } catch (...) {
    return;
  }
}

bool writer::committed(const trace& other) {
  return db_->run(was_committed, other.session.str(), other.commits).next();
}

void writer::prefetch(std::span<const append_request* const> group) {
  question ask;
  for (const auto* request : group) {
    for (const auto& part : request->streams) {
      ask.stream(part.stream);
      for (const auto& event : part.events) {
        if (!event.id.nil()) ask.ids.push_back(event.id);
        ask.types.insert(event.type);
      }
    }
    for (const auto& change : request->relations)
      if (!change.stream().empty()) ask.stream(change.stream());
    if (request->after) ask.ids.push_back(*request->after);
    if (!request->command.empty()) ask.commands.push_back(request->command);
  }
  streams_.prefetch(ask.streams);
  receipts_.prefetch(ask.commands);
  events_.prefetch(ask.ids);
  events_.prefetch(std::move(ask.types));
}

void writer::prefetch(std::span<const record> records) {
  question ask;
  for (const auto& r : records) {
    ask.stream(r.stream);
    ask.ids.push_back(r.id);
    ask.types.insert(r.type);
  }
  streams_.prefetch(ask.streams);
  events_.prefetch(ask.ids);
  events_.prefetch(std::move(ask.types));
}

void writer::prefetch(std::span<const relation_change> changes) {
  question ask;
  for (const auto& change : changes)
    if (!change.stream().empty()) ask.stream(change.stream());
  streams_.prefetch(ask.streams);
}

revision writer::revision_at(const stream_id& stream, position head) {
  flush();
  return events_.revision_at(stream, head);
}

void writer::write(const record& r) {
  assert(r.position == position{head_.newest.value + 1});
  streams_.change(streams_.at(r.stream), r);
  head_.newest = r.position;
  head_.recorded = std::max(head_.recorded, r.recorded);
  if (events_.add(r)) flush();
}

void writer::save(const snapshot& s) {
  snapshots_.save(s);
  wrote_ = true;
}

void writer::remove(const snapshot_key& key) {
  snapshots_.remove(key);
  wrote_ = true;
}

void writer::flush() {
  if (events_.flush(head_, channel_)) wrote_ = true;
}

/// Makes `committed` true. Rows are written under the lock of the head, so by one transaction at a time. Rows of a
/// day ago are older than any doubt, which ends with a deadline.
std::string writer::count_commit() {
  const auto count = std::to_string(++commits_);
  return "INSERT INTO skald_sessions VALUES ('" + session_.str() + "', " + count +
         ", now()) ON CONFLICT (id) DO UPDATE SET commits = excluded.commits, newest = excluded.newest; " +
         (commits_ == 1 ? "DELETE FROM skald_sessions WHERE newest < now() - interval '1 day'; " : "");
}

void writer::forget() noexcept {
  receipts_.forget();
  streams_.forget();
  events_.begin();
  relations_.forget();
}

} // namespace skald::detail::postgres
