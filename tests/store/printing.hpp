#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/record.hpp>
#include <skald/store/timestamp.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <type_traits>

/// How a failed check shows skald's values.
namespace skald {

inline doctest::String toString(errc code) { return std::string{to_string(code)}.c_str(); }

} // namespace skald

namespace doctest {

template <>
struct StringMaker<skald::error> {
  static String convert(const skald::error& why) {
    const auto fate = std::string{to_string(why.outcome)};
    return (std::string{to_string(why.code)} + " (" + fate + "): " + why.message).c_str();
  }
};

template <class T>
struct StringMaker<skald::result<T>> {
  static String convert(const skald::result<T>& r) {
    if (!r) return toString(r.error());
    if constexpr (std::is_void_v<T>)
      return "done";
    else
      return toString(*r);
  }
};

template <class T>
struct StringMaker<std::optional<T>> {
  static String convert(const std::optional<T>& value) { return value ? toString(*value) : String{"none"}; }
};

template <>
struct StringMaker<skald::stream_id> {
  static String convert(const skald::stream_id& id) { return id.str().c_str(); }
};

template <>
struct StringMaker<skald::event_id> {
  static String convert(const skald::event_id& id) { return id.str().c_str(); }
};

template <>
struct StringMaker<skald::relation_key> {
  static String convert(const skald::relation_key& key) { return key.str().c_str(); }
};

template <>
struct StringMaker<skald::revision> {
  static String convert(skald::revision r) { return ("revision " + std::to_string(r.value)).c_str(); }
};

template <>
struct StringMaker<skald::position> {
  static String convert(skald::position p) { return ("position " + std::to_string(p.value)).c_str(); }
};

template <>
struct StringMaker<skald::timestamp> {
  static String convert(skald::timestamp t) { return (t.str() + " + " + std::to_string(t.counter())).c_str(); }
};

} // namespace doctest
