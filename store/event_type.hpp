#pragma once

#include <skald/store/limits.hpp>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <type_traits>

namespace skald {

/// A string literal as a template argument.
template <std::size_t N>
struct fixed_string {
  char text[N]{};

  consteval fixed_string(const char (&literal)[N]) { std::copy_n(literal, N, text); }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

/// An event type: a name such as `fine:paid`, the struct of its data, optionally a struct of its metadata, and the
/// version of both. Raise the version when a struct changes, and add an upcaster from the old one.
template <fixed_string Name, class Data, class Meta = void, std::uint32_t SchemaVersion = 1>
struct event {
  static_assert(!Name.view().empty() && Name.view().size() <= limits::event_type_bytes,
                "skald::event: the name of an event type has 1 to 256 bytes");
  static_assert(SchemaVersion > 0, "skald::event: schema versions start at 1");

  static constexpr std::string_view name = Name.view();
  static constexpr std::uint32_t schema_version = SchemaVersion;
  using data_type = Data;
  using meta_type = Meta;
};

namespace detail {

template <class T>
inline constexpr bool is_event = false;
template <fixed_string Name, class Data, class Meta, std::uint32_t SchemaVersion>
inline constexpr bool is_event<event<Name, Data, Meta, SchemaVersion>> = true;

// These two also hold for arguments that are no events: another assertion reports those, and one message is enough.

template <class... Events>
constexpr bool names_differ() {
  if constexpr ((is_event<Events> && ...)) {
    std::string_view names[] = {Events::name..., {}};
    std::sort(std::begin(names), std::end(names));
    return std::adjacent_find(std::begin(names), std::end(names)) == std::end(names);
  }
  return true;
}

template <class... Events>
constexpr bool data_types_differ() {
  if constexpr ((is_event<Events> && ...)) {
    using types = boost::mp11::mp_list<std::type_identity<typename Events::data_type>...>;
    return std::is_same_v<boost::mp11::mp_unique<types>, types>;
  }
  return true;
}

} // namespace detail

/// A list of event types, such as those of an aggregate.
template <class... Events>
struct events {
  static_assert((detail::is_event<Events> && ...), "skald::events: every argument is an skald::event<name, struct>");
  static_assert(detail::names_differ<Events...>(), "skald::events: two event types have the same name");
  static_assert(detail::data_types_differ<Events...>(),
                "skald::events: two event types have the same data struct, so that a value does not tell its type; "
                "give each a struct of its own");

  static constexpr std::size_t size = sizeof...(Events);
};

namespace detail {

template <class Events, class Data>
inline constexpr bool holds_data = false;
template <class... Events, class Data>
inline constexpr bool holds_data<events<Events...>, Data> =
  events<Events...>::size != 0 && (std::same_as<typename Events::data_type, Data> || ...);

template <class Events, class Data>
struct event_finder {
  static_assert(holds_data<Events, Data>,
                "skald: this struct is the data of no event type in the list; add skald::event<\"a:name\", the struct> "
                "to skald::events");
  template <class Event>
  using has_data = std::is_same<typename Event::data_type, Data>;
  using index = boost::mp11::mp_find_if<Events, has_data>;
  /// A placeholder replaces an event type that is not found, so that the compiler prints one message only.
  using type = boost::mp11::mp_at<boost::mp11::mp_push_back<Events, event<"?", Data>>, index>;
};

} // namespace detail

/// A struct that is the data of one of the event types.
template <class Data, class Events>
concept event_data_in = detail::holds_data<Events, Data>;

/// The event type of `Events` that has this data struct.
template <class Events, class Data>
using event_of = typename detail::event_finder<Events, Data>::type;

/// Calls `f.template operator()<Event>()` with each event type, in order.
template <class Events, class F>
constexpr void for_each_event(F f) {
  [&f]<class... E>(events<E...>) { (f.template operator()<E>(), ...); }(Events{});
}

} // namespace skald
