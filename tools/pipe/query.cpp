#include "moment.hpp"
#include "readers.hpp"
#include <skald/store/checks/read_checks.hpp>

#include <utility>

namespace tools {

namespace {

/// A list of names, which `at_most` refuses before they are read where there are too many.
template <class Name>
bool read_names(json_object& from, std::string_view member, std::vector<Name>& names,
                skald::result<void> (*at_most)(std::size_t)) {
  const auto list = from.find(member);
  if (!list) return false;
  at_most(list->elements()).value();
  list->read(names);
  return true;
}

/// A query that starts as `args` make it, with what narrows it down.
template <class Query, class... Args>
operation narrowed(json_object& from, Args&&... args) {
  operation made{std::in_place_type<Query>, std::forward<Args>(args)...};
  auto& query = std::get<Query>(made); // where it stays: g++ 12 warns of moves of queries that have no types
  std::vector<std::string> types;
  if (read_names(from, "types", types, skald::detail::at_most_types)) query.types(std::move(types));
  if (const auto word = from.find("direction")) {
    std::string direction;
    word->read(direction);
    if (direction == "backward")
      query.backward();
    else if (direction != "forward")
      word->refuse_word("forward or backward", direction);
  }
  std::uint64_t limit = 0;
  if (from.read("limit", limit)) query.limit(limit);
  if (const auto after = from.find("after")) {
    decltype(Query::cursor_of({})) cursor;
    read_cursor(*after, cursor);
    query.direction() == skald::direction::forward ? query.after(cursor) : query.before(cursor);
  }
  return made;
}

} // namespace

operation read_read(json_object& from) {
  skald::stream_id stream;
  std::vector<skald::stream_id> streams;
  std::vector<skald::relation_key> keys;
  const bool has_stream = from.read("stream", stream);
  const bool has_streams = read_names(from, "streams", streams, skald::detail::at_most_names);
  const bool has_keys = read_names(from, "keys", keys, skald::detail::at_most_names);
  if (int{has_stream} + int{has_streams} + int{has_keys} != 1)
    from.refuse("stream", "give one of stream, streams and keys");
  if (has_stream) streams.push_back(std::move(stream));
  return has_keys ? narrowed<skald::streams_query>(from, std::move(keys))
                  : narrowed<skald::streams_query>(from, std::move(streams));
}

operation read_read_all(json_object& from) { return narrowed<skald::all_query>(from); }

} // namespace tools
