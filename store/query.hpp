#pragma once

#include <skald/store/record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skald {

/// The order of reading: oldest or newest first.
enum class direction : std::uint8_t { forward, backward };

/// A place in the order of a stream: `(created, id)`. This order is the same in every store, whatever the order of
/// arrival.
struct stream_cursor {
  timestamp created;
  event_id id;

  friend auto operator<=>(const stream_cursor&, const stream_cursor&) = default;
};

namespace detail {

/// The common part of all queries: bounds, types, direction and limit. Setters return `Query`, for chaining.
template <class Query, class Cursor>
class query_base {
public:
  /// Reads only records after `cursor`.
  Query& after(Cursor cursor) { return set(after_, std::move(cursor)); }
  /// Reads only records before `cursor`.
  Query& before(Cursor cursor) { return set(before_, std::move(cursor)); }
  /// Reads only events of these types, at most `limits::query_types`. An empty list reads nothing.
  Query& types(std::vector<std::string> names) { return set(types_, std::move(names)); }
  /// Reads the newest records first.
  Query& backward() { return set(direction_, skald::direction::backward); }
  /// Reads at most this many records. A page never holds more than `limits::page_records`.
  Query& limit(std::size_t records) { return set(limit_, records); }

  /// Continues after the last record of a page, in the query's direction.
  Query& resume_behind(const record& last) {
    return direction_ == skald::direction::forward ? after(Query::cursor_of(last)) : before(Query::cursor_of(last));
  }

  [[nodiscard]] const std::optional<Cursor>& after() const noexcept { return after_; }
  [[nodiscard]] const std::optional<Cursor>& before() const noexcept { return before_; }
  [[nodiscard]] const std::optional<std::vector<std::string>>& types() const noexcept { return types_; }
  [[nodiscard]] skald::direction direction() const noexcept { return direction_; }
  [[nodiscard]] const std::optional<std::size_t>& limit() const noexcept { return limit_; }

private:
  template <class Member, class Value>
  Query& set(Member& member, Value&& value) {
    member = std::forward<Value>(value);
    return static_cast<Query&>(*this);
  }

  std::optional<Cursor> after_;
  std::optional<Cursor> before_;
  std::optional<std::vector<std::string>> types_;
  std::optional<std::size_t> limit_;
  skald::direction direction_ = skald::direction::forward;
};

} // namespace detail

/// Reads one stream, ordered by `(created, id)`.
class stream_query : public detail::query_base<stream_query, stream_cursor> {
public:
  explicit stream_query(stream_id stream) : stream_{std::move(stream)} {}
  static stream_cursor cursor_of(const record& r) { return {r.created, r.id}; }
  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }

private:
  stream_id stream_;
};

/// Reads several streams as one, ordered by `(created, id)`. It names the streams themselves, or relation keys, whose
/// streams are looked up for each page. A stream that is named twice is read once. Without a name it reads nothing.
///
/// Cost: a page seeks once in each stream, and reads its records.
class streams_query : public detail::query_base<streams_query, stream_cursor> {
public:
  explicit streams_query(std::vector<stream_id> streams) : streams_{std::move(streams)} {}
  explicit streams_query(std::vector<relation_key> keys) : keys_{std::move(keys)} {}
  static stream_cursor cursor_of(const record& r) { return stream_query::cursor_of(r); }
  [[nodiscard]] const std::vector<stream_id>& streams() const noexcept { return streams_; }
  [[nodiscard]] const std::vector<relation_key>& keys() const noexcept { return keys_; }

private:
  std::vector<stream_id> streams_;
  std::vector<relation_key> keys_;
};

/// Reads the whole store, ordered by position.
class all_query : public detail::query_base<all_query, position> {
public:
  all_query() = default;
  static position cursor_of(const record& r) { return r.position; }
};

/// The records that one `event_store::read` returns.
struct page {
  std::vector<record> records;
  /// Whether the page is full and a further record was found, within the query's limit. Go on with `resume_behind`.
  bool more = false;
};

} // namespace skald
