#include <skald/store/event.hpp>

#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

#include <utility>

namespace skald::detail {

result<new_event> encoded(std::string_view type, std::uint32_t schema_version, result<std::string> data,
                          result<std::string> meta) {
  if (!data) return error{data.error().code, "data of " + in_quotes(type) + ": " + data.error().message};
  if (!meta) return error{meta.error().code, "metadata of " + in_quotes(type) + ": " + meta.error().message};
  if (const auto size = data->size() + meta->size(); size > limits::event_bytes)
    return error{errc::invalid_argument, "an event of type " + in_quotes(type) + " has " + std::to_string(size) +
                                           " bytes of data, at most " + std::to_string(limits::event_bytes) +
                                           " are stored"};
  new_event event{std::string{type}, *std::move(data)};
  event.schema_version = schema_version;
  event.meta = *std::move(meta);
  event.typed = true;
  return event;
}

result<void> check_type(const record& r, std::string_view type, std::uint32_t schema_version) {
  if (r.type != type)
    return unreadable(r, "event", {errc::invalid_event, "it is no " + in_quotes(type) + ": ask for its own type"});
  if (r.schema_version != schema_version)
    return unreadable(r, "event",
                      {errc::invalid_event,
                       "it " + other_version(r.schema_version, schema_version) + ": add an upcaster between them"});
  return {};
}

error unreadable(const record& r, std::string_view part, const error& why) {
  return {why.code, std::string{part} + " of " + in_quotes(r.type) + " in stream " + in_quotes(r.stream.str()) +
                      " at revision " + std::to_string(r.revision.value) + ": " + why.message};
}

std::string other_version(std::uint32_t found, std::uint32_t expected) {
  return "has schema version " + std::to_string(found) + ", this program knows " + std::to_string(expected);
}

} // namespace skald::detail
