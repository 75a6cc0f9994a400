#include <skald/store/checks/read_checks.hpp>

#include <skald/store/limits.hpp>

#include <optional>
#include <string>
#include <vector>

namespace skald::detail {

result<void> check_readable(const stream_id& stream) {
  if (stream.empty()) return error{errc::invalid_argument, "the stream to read has no name: name it"};
  return {};
}

result<void> check_readable(const relation_key& key) {
  if (key.empty()) return error{errc::invalid_argument, "the relation to read has no key: name it"};
  return {};
}

result<void> at_most_names(std::size_t names) {
  if (names <= limits::query_names) return {};
  return error{errc::invalid_argument, "a query names " + std::to_string(names) + " streams or keys, at most " +
                                         std::to_string(limits::query_names) +
                                         " are read as one: keep the streams under one key"};
}

result<void> at_most_types(std::size_t types) {
  if (types <= limits::query_types) return {};
  return error{errc::invalid_argument, "a query names " + std::to_string(types) + " event types, at most " +
                                         std::to_string(limits::query_types) + " are looked for: read all and choose"};
}

namespace {

result<void> check_types(const std::optional<std::vector<std::string>>& types) {
  if (!types) return {};
  if (auto ok = at_most_types(types->size()); !ok) return ok;
  for (const auto& type : *types)
    if (auto problem = problem_of_name("an event type", type, limits::event_type_bytes)) return *problem;
  return {};
}

} // namespace

result<void> check_readable(const stream_query& query) {
  if (auto ok = check_readable(query.stream()); !ok) return ok;
  return check_types(query.types());
}

result<void> check_readable(const streams_query& query) {
  if (auto ok = at_most_names(query.streams().size() + query.keys().size()); !ok) return ok;
  for (const auto& stream : query.streams())
    if (auto ok = check_readable(stream); !ok) return ok;
  for (const auto& key : query.keys())
    if (auto ok = check_readable(key); !ok) return ok;
  return check_types(query.types());
}

result<void> check_readable(const all_query& query) { return check_types(query.types()); }

result<void> check_readable(const record& r) {
  if (auto ok = check_readable(r.stream); !ok) return ok;
  if (auto problem = problem_of_name("an event type", r.type, limits::event_type_bytes)) return *problem;
  return {};
}

result<void> check_list_start(std::string_view after) {
  if (after.empty()) return {};
  if (auto problem = problem_of_name("the name after which a list begins", after)) return *problem;
  return {};
}

} // namespace skald::detail
