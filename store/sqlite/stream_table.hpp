#pragma once

#include <skald/store/database/known_streams.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/sqlite/names.hpp>

#include <cstddef>
#include <cstdint>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The streams that a writer knows. Rows of changed streams are written at the end of a transaction.
class stream_table {
public:
  using entry = known_streams::entry;

  /// `check` is null unless the connection verifies its reads.
  stream_table(const connection& db, name_check* check) : db_{db}, check_{check} {}

  [[nodiscard]] entry& at(const stream_id& stream) {
    return known_.at(stream, [&]() -> known_streams::state {
      auto row = find_(stream);
      if (!row.next()) {
        if (check_) check_->all();
        return {};
      }
      if (check_) check_->found(stream.str(), row.integer(0));
      return stream_in(row);
    });
  }

  /// The key of a stream that is about to be named elsewhere. A new one gets a row.
  [[nodiscard]] std::int64_t key_for_change(const stream_id& stream) {
    auto& entry = at(stream);
    if (entry.second.key == 0) known_.change(entry);
    return entry.second.key;
  }

  void change(entry& which, const record& r) { known_.change(which, r); }

  /// The name of a stream whose row is not written yet; null if there is none.
  [[nodiscard]] const stream_id* new_stream(std::int64_t key) const noexcept {
    for (const auto* entry : known_.changed())
      if (entry->second.key == key) return &entry->first;
    return nullptr;
  }

  /// Writes the rows of all streams that have changed.
  void flush() {
    for (const auto* entry : known_.changed()) {
      const auto& [name, state] = *entry;
      if (state.stored)
        update_.run(state.key, state.revision, state.newest);
      else
        insert_.run(state.key, name, state.revision, state.newest);
    }
    known_.written();
  }

  /// Forgets streams if they are too many. Not within a transaction.
  void trim() noexcept {
    if (known_.size() > most_known) known_.forget();
  }

  void forget() noexcept { known_.forget(); }
  void look_up_last_key() { known_.set_last_key(last_key_.integer()); }

private:
  static constexpr std::size_t most_known = 16'384;

  const connection& db_;
  name_check* check_;
  known_streams known_;
  statement find_{db_, "looking up a stream", "SELECT key, revision, newest FROM skald_streams WHERE name = ?1"};
  statement insert_{db_, "writing a stream", "INSERT INTO skald_streams VALUES (?1, ?2, ?3, ?4)"};
  statement update_{db_, "writing a stream", "UPDATE skald_streams SET revision = ?2, newest = ?3 WHERE key = ?1"};
  statement last_key_{db_, "looking up the newest stream", "SELECT coalesce(max(key), 0) FROM skald_streams"};
};

} // namespace skald::detail::sqlite
