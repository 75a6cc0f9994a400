#include <skald/store/sqlite/writer.hpp>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace skald::detail::sqlite {

namespace {

/// How long the log may become before it is moved into the database, as far as readers allow.
///
/// Large transactions, as imports have them, change the same pages again and again: several of them share a move.
int most_pages_in(const log_size& log) { return std::clamp(4 * log.newest, 1000, 10'000); }

} // namespace

writer::writer(std::unique_ptr<connection> db, durability kept, hybrid_clock& clock, bool verified)
  : db_{std::move(db)}, kept_{kept}, clock_{clock}, check_{verified ? std::optional<cross_check>{*db_} : std::nullopt},
    streams_{*db_, check_ ? &check_->streams : nullptr}, events_{*db_, verified, streams_},
    relations_{*db_, check_ ? &check_->relations : nullptr, streams_}, snapshots_{*db_, streams_, relations_} {
  if (auto row = events_.newest(); row.next()) heads_.set(observe(row)); // time does not repeat across restarts
  db_->set_trouble(errc::insertion_failed);
  db_->watch_log(log_);
}

void writer::begin(durability kept) {
  if (std::exchange(log_.grown, false) && log_.pages >= most_pages_in(log_)) db_->shorten_log();
  if (kept != kept_) db_->execute("setting it up", synchronous(kept));
  kept_ = kept;
  begin_.run();
  look_for_others();
  if (check_ && head_ < check_->newest())
    db_->corrupt("there have been events up to position " + std::to_string(check_->newest().value) +
                 ", the newest one is at position " + std::to_string(head_.value));
  streams_.trim();
}

void writer::commit() {
  streams_.flush();
  commit_().commit();
  heads_.set(head_);
}

void writer::undo() noexcept {
  forget();
  if (db_->in_transaction()) rollback_().run_anyway();
}

std::optional<position> writer::take_appended_elsewhere() {
  look_for_others();
  return heads_.take();
}

bool writer::holds_later(const stream_id& stream, std::string_view type, timestamp created) {
  const auto& state = streams_.at(stream).second;
  return state.newest > created && events_.holds_later(state.key, type, created);
}

revision writer::revision_at(const stream_id& stream, position head) {
  return events_.revision_at(streams_.at(stream).second.key, head);
}

void writer::write(const record& r) {
  assert(r.position == position{head_.value + 1});
  auto& entry = streams_.at(r.stream);
  streams_.change(entry, r);
  events_.insert(r, entry.second.key);
  head_ = r.position;
}

/// Outside of a transaction, others may write between the questions. Then the next look sees another version.
void writer::look_for_others() {
  const auto version = data_version_.integer();
  if (version == version_) return;
  forget();
  auto row = events_.newest();
  head_ = row.next() ? observe(row) : position{};
  streams_.look_up_last_key();
  version_ = version;
  heads_.seen(head_);
}

void writer::forget() noexcept {
  streams_.forget();
  events_.forget();
  version_ = -1;
}

position writer::observe(const rows& newest) {
  clock_.observe(timestamp{counter_at(newest, 1)});
  return position{counter_at(newest, 0)};
}

} // namespace skald::detail::sqlite
