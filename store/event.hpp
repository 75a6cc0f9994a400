#pragma once

#include <skald/store/catalog.hpp>
#include <skald/store/event_type.hpp>
#include <skald/store/json.hpp>
#include <skald/store/record.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace skald {

namespace detail {

/// Makes an event of a type from its texts. Errors: as `encode`.
[[nodiscard]] result<new_event> encoded(std::string_view type, std::uint32_t schema_version, result<std::string> data,
                                        result<std::string> meta);

/// Checks that a record has this type and version. Errors: `invalid_event`.
[[nodiscard]] result<void> check_type(const record& r, std::string_view type, std::uint32_t schema_version);

/// Makes an error whose message names the record, and its part that has the problem.
[[nodiscard]] error unreadable(const record& r, std::string_view part, const error& why);

/// The part of a message about a schema version that the program does not know.
[[nodiscard]] std::string other_version(std::uint32_t found, std::uint32_t expected);

} // namespace detail

/// Makes an event to append from the struct of its data. The store gives it an id and a time, unless you set them.
///
/// Errors: `invalid_event`, with the path of each part that has no form in JSON; `invalid_argument` beyond
/// `limits::event_bytes`. Cost grows with the text.
template <class Event>
[[nodiscard]] result<new_event> encode(const typename Event::data_type& data) {
  static_assert(std::is_void_v<typename Event::meta_type>,
                "skald::encode: this event type has metadata; pass them after the data");
  return detail::encoded(Event::name, Event::schema_version, to_json(data), std::string{});
}

/// The same with metadata.
template <class Event, class Meta>
[[nodiscard]] result<new_event> encode(const typename Event::data_type& data, const Meta& meta) {
  static_assert(std::is_same_v<typename Event::meta_type, Meta>,
                "skald::encode: the event type names another struct for its metadata, or none");
  return detail::encoded(Event::name, Event::schema_version, to_json(data), to_json(meta));
}

/// Reads the data of a record into their struct.
///
/// Errors: `invalid_event` if the record has another type or schema version, or its data do not fit. The message names
/// stream, revision and type, and the path of each problem. Cost grows with the text.
template <class Event>
[[nodiscard]] result<typename Event::data_type> decode(const record& r) {
  if (auto same = detail::check_type(r, Event::name, Event::schema_version); !same) return same.error();
  auto data = from_json<typename Event::data_type>(r.data);
  if (!data) return detail::unreadable(r, "data", data.error());
  return data;
}

/// Reads the metadata of a record into their struct. Errors: as `decode`, also if the record has none.
template <class Event>
[[nodiscard]] result<typename Event::meta_type> decode_meta(const record& r) {
  using meta_type = typename Event::meta_type;
  static_assert(!std::is_void_v<meta_type>, "skald::decode_meta: this event type has no metadata");
  if constexpr (!std::is_void_v<meta_type>) {
    if (auto same = detail::check_type(r, Event::name, Event::schema_version); !same) return same.error();
    if (r.meta.empty()) return detail::unreadable(r, "metadata", {errc::invalid_event, "missing"});
    auto meta = from_json<meta_type>(r.meta);
    if (!meta) return detail::unreadable(r, "metadata", meta.error());
    return meta;
  } else {
    return {};
  }
}

} // namespace skald
