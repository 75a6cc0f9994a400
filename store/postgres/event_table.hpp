#pragma once

#include <skald/store/append/sameness.hpp>
#include <skald/store/postgres/records.hpp>
#include <skald/store/postgres/stream_table.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The one row that orders all appends. Whoever appends has locked it, from before the first look until the commit.
struct head_row {
  position newest;
  timestamp recorded;
  std::int64_t last_type = 0;
};

/// The events and their types, as a writer needs them. Events are buffered until they are enough for a statement.
class event_table {
public:
  using known_event = event_store::transaction::known_event;

  event_table(connection& db, bool verified, stream_table& streams)
    : db_{db}, verified_{verified}, streams_{streams}, decode_{db, verified} {}

  /// Looks up many events at once.
  void prefetch(std::span<const event_id> ids);
  /// Looks up many event types at once, unless they are too many to keep.
  void prefetch(std::set<std::string> types);

  [[nodiscard]] std::optional<known_event> find(const event_id& id);
  [[nodiscard]] bool holds_later(const stream_id& stream, std::string_view type, timestamp created);
  /// The revision that a stream had at a position. Buffered events must have been written.
  [[nodiscard]] revision revision_at(const stream_id& stream, position head);

  /// Buffers a record. Returns whether the buffer is full.
  [[nodiscard]] bool add(const record& r);

  /// Writes buffered events, and the rows of changed streams and new types, in one statement. It notifies other
  /// sessions of the new head through `channel`. Returns false if there was nothing to write.
  bool flush(head_row& head, const std::string& channel);

  /// Begins a transaction.
  void begin() noexcept;
  /// Forgets types that the transaction has added, because it was undone.
  void undo() noexcept;
  void committed() noexcept { has_new_types_ = false; }
  /// Forgets names if they are too many. Not within a transaction.
  void trim() noexcept { decode_.trim(); }

private:
  static constexpr std::size_t rows_of_a_statement = 1000;
  static constexpr std::size_t bytes_of_a_statement = std::size_t{8} << 20;

  void look_up(std::span<const event_id> ids);
  void look_up_types(const auto& names);
  [[nodiscard]] std::optional<std::int64_t> known_key(const std::string& type);
  [[nodiscard]] std::int64_t type_key(const std::string& type, head_row& head);

  connection& db_;
  bool verified_;
  stream_table& streams_;
  record_decoder decode_;
  known_types& types_ = decode_.types();
  std::unordered_map<event_id, std::optional<known_event>> known_;
  std::vector<record> buffer_;
  std::unordered_map<event_id, std::size_t> buffered_; // their places
  std::size_t bytes_ = 0;
  array new_types_;
  array new_type_keys_;
  bool has_new_types_ = false; // since the last commit
};

} // namespace skald::detail::postgres
