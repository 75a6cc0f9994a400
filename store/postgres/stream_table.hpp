#pragma once

#include <skald/store/database/known_streams.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/postgres/connection.hpp>

#include <cstdint>
#include <span>
#include <string>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The streams that a transaction knows. Rows of changed streams are written with its events.
class stream_table {
public:
  using entry = known_streams::entry;

  explicit stream_table(connection& db) : db_{db} {}

  [[nodiscard]] entry& at(const stream_id& stream) {
    return known_.at(stream, [&]() -> known_streams::state {
      auto found = db_.run(find_, array_of(std::span{&stream.str(), 1}));
      return found.next() ? stream_in(found) : known_streams::state{};
    });
  }

  /// The key of a stream that is about to be named elsewhere. A new one gets a row.
  [[nodiscard]] std::int64_t key_for_change(const stream_id& stream) {
    auto& entry = at(stream);
    if (entry.second.key == 0) known_.change(entry);
    return entry.second.key;
  }

  void change(entry& which, const record& r) { known_.change(which, r); }

  /// Looks up many streams at once.
  void prefetch(const auto& streams) {
    array names;
    bool any = false;
    for (const stream_id* stream : streams)
      if (!known_.knows(*stream)) known_.know(*stream, {}), names.add(stream->str()), any = true;
    if (!any) return;
    for (auto row = db_.run(find_, names.take()); row.next();)
      known_.know(stream_id{std::string{row.text(3)}}, stream_in(row));
  }

  /// The columns of the rows that are to be written.
  struct columns {
    array new_key, new_name, new_revision, new_newest;
    array old_key, old_revision, old_newest;
  };
  [[nodiscard]] columns changed() const {
    columns all;
    for (const auto* entry : known_.changed()) {
      const auto& [name, state] = *entry;
      (state.stored ? all.old_key : all.new_key).add(state.key);
      (state.stored ? all.old_revision : all.new_revision).add(state.revision);
      (state.stored ? all.old_newest : all.new_newest).add(state.newest);
      if (!state.stored) all.new_name.add(name.str());
    }
    return all;
  }
  [[nodiscard]] bool has_changed() const noexcept { return !known_.changed().empty(); }
  void written() noexcept { known_.written(); }

  /// The largest key of a stream.
  void set_last_key(std::int64_t key) noexcept { known_.set_last_key(key); }
  [[nodiscard]] std::int64_t last_key() const noexcept { return known_.last_key(); }

  void forget() noexcept { known_.forget(); }

private:
  static inline const statement find_{"looking up streams",
                                      "SELECT key, revision, newest, name FROM skald_streams WHERE name = ANY ($1)"};

  connection& db_;
  known_streams known_;
};

} // namespace skald::detail::postgres
