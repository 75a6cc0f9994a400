#pragma once

#include <skald/store/append/sameness.hpp>
#include <skald/store/checksum.hpp>
#include <skald/store/sqlite/records.hpp>
#include <skald/store/sqlite/stream_table.hpp>
#include <skald/store/values/flags.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The events and their types, as a writer needs them.
class event_table {
public:
  using known_event = event_store::transaction::known_event;

  event_table(const connection& db, bool verified, stream_table& streams)
    : db_{db}, verified_{verified}, streams_{streams}, decode_{db, verified} {}

  /// A row of the newest event's position and time of recording, if there is an event.
  [[nodiscard]] rows newest() { return newest_(); }

  [[nodiscard]] std::optional<known_event> find(const event_id& id) {
    auto row = find_(id);
    if (!row.next()) return std::nullopt;
    const auto* stream =
      row.null(stream_name_column) ? streams_.new_stream(row.integer(stream_name_column + 1)) : nullptr;
    const auto r = stream ? decode_(row, *stream) : decode_(row);
    return known_event{without_body(r), record_decoder::checksum(row)};
  }

  [[nodiscard]] bool holds_later(std::int64_t stream, std::string_view type, timestamp created) {
    const auto key = decode_.types().key_of(type);
    return key && holds_later_(stream, created, *key).next();
  }

  [[nodiscard]] revision revision_at(std::int64_t stream, position head) {
    return revision{static_cast<std::uint64_t>(revision_at_.integer(stream, head))};
  }

  void insert(const record& r, std::int64_t stream) {
    insert_.run(r.position, r.id, stream, type_key(r.type), r.revision, std::uint64_t{r.schema_version}, r.created,
                r.recorded, flags_of(r), std::string_view{r.data}, unless_empty(r.meta), unless_empty(r.batch.str()),
                static_cast<std::int64_t>(checksum_of(r)));
  }

  /// Forgets the types, some of which may never have been committed.
  void forget() noexcept { decode_.types().clear(); }

private:
  std::int64_t type_key(std::string_view type) {
    if (const auto known = decode_.types().key_of(type)) return *known;
    insert_type_.run(type);
    const auto key = db_.last_key();
    decode_.types().add(key, type);
    return key;
  }

  const connection& db_;
  bool verified_;
  stream_table& streams_;
  record_decoder decode_;
  statement newest_{db_, "looking up the newest event",
                    "SELECT position, recorded FROM skald_events ORDER BY position DESC LIMIT 1"};
  statement insert_type_{db_, "writing an event type", "INSERT INTO skald_types (name) VALUES (?1)"};
  statement insert_{db_, "writing an event",
                    "INSERT INTO skald_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"};
  statement find_{db_, "looking up an event",
                  std::string{"SELECT "} + (verified_ ? SKALD_EVENT_COLUMNS : SKALD_COLUMNS_WITHOUT_BODY) +
                    ", s.name, e.stream FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream "
                    "WHERE e.id = ?1"};
  statement holds_later_{db_, "looking for later events",
                         "SELECT 1 FROM skald_events WHERE stream = ?1 AND created > ?2 AND type = ?3 LIMIT 1"};
  statement revision_at_{db_, "counting the events of a stream",
                         "SELECT count(*) FROM skald_events WHERE stream = ?1 AND position <= ?2"};
};

} // namespace skald::detail::sqlite
