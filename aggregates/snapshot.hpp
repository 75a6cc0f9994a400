#pragma once

#include <skald/store/event.hpp>
#include <skald/store/json.hpp>
#include <skald/store/snapshot.hpp>

#include <boost/describe/bases.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skald {

/// How many records are folded after one snapshot before the next one is saved. 0 saves none.
struct snapshot_every {
  std::uint64_t records = 100;

  [[nodiscard]] bool due(std::uint64_t folded) const noexcept { return records != 0 && folded >= records; }
};

namespace detail {

/// Converts to a member of any type.
struct anything {
  template <class T>
  operator T() const;
};

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), anything{})...}; };
}

/// True if a struct has no other bases and members than the described ones: it cannot be initialized with one more.
/// Works for plain structs only.
template <class T>
constexpr bool is_described_whole() {
  using boost::describe::mod_any_access;
  constexpr auto described = boost::mp11::mp_size<boost::describe::describe_bases<T, mod_any_access>>::value +
                             boost::mp11::mp_size<boost::describe::describe_members<T, mod_any_access>>::value;
  if constexpr (std::is_aggregate_v<T>) return !takes<T>(std::make_index_sequence<described + 1>{});
  return false;
}

template <class T>
constexpr void check_described_whole() {
  static_assert(
    is_described_whole<T>(),
    "skald: a struct that is kept in snapshots has no constructors, and BOOST_DESCRIBE_STRUCT names all its "
    "members: what it leaves out would be lost");
}

/// Writes the shape of a type in JSON: all names and types, nested ones included. A struct inside itself is written as
/// the number of structs between the two.
template <class T, class... Around>
void write_shape(std::string& out) {
  check_mapped<T>();
  if constexpr (std::same_as<T, bool>) {
    out += "bool";
  } else if constexpr (json_integer<T>) {
    out += (std::is_signed_v<T> ? 'i' : 'u') + std::to_string(8 * sizeof(T));
  } else if constexpr (json_float<T>) {
    out += 'f' + std::to_string(8 * sizeof(T));
  } else if constexpr (std::same_as<T, std::string>) {
    out += "text";
  } else if constexpr (is_optional<T>) {
    write_shape<typename T::value_type, Around...>(out);
    out += '?';
  } else if constexpr (json_list<T>) {
    out += is_vector<T> ? "list[" : is_set<T> ? "set[" : "array[";
    write_shape<typename T::value_type, Around...>(out);
    if constexpr (is_array<T>) out += ',' + std::to_string(std::tuple_size_v<T>);
    out += ']';
  } else if constexpr (is_map<T>) {
    out += "map[";
    write_shape<typename T::mapped_type, Around...>(out);
    out += ']';
  } else if constexpr (json_enum<T>) {
    out += "enum(";
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
      [&](auto enumerator) { (out += enumerator.name) += ' '; });
    out += ')';
  } else if constexpr (json_struct<T>) {
    constexpr auto outer = boost::mp11::mp_find<boost::mp11::mp_list<Around...>, T>::value;
    if constexpr (outer != sizeof...(Around)) {
      out += '^' + std::to_string(outer);
    } else {
      check_described_whole<T>();
      out += '{';
      boost::mp11::mp_for_each<json_members<T>>([&](auto descriptor) {
        (out += descriptor.name) += ':';
        write_shape<std::remove_cvref_t<decltype(std::declval<T&>().*descriptor.pointer)>, T, Around...>(out);
        out += ' ';
      });
      out += '}';
    }
  }
}

/// A hash of everything a snapshot depends on: the shape of the state, the event types with their schema versions, and
/// the user's version of how they are folded. A snapshot holds only if its fingerprint is the same.
template <class State>
[[nodiscard]] std::string fingerprint(std::string_view events, std::uint32_t version) {
  std::string shape;
  write_shape<State>(shape);
  return derive_event_id({shape, events, std::to_string(version)}).str();
}

/// An event type as part of a fingerprint.
template <class Event>
[[nodiscard]] std::string versioned_name() {
  return std::string{Event::name} + ' ' + std::to_string(Event::schema_version) + '\n';
}

} // namespace detail

} // namespace skald
