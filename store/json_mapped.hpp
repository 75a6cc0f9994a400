#pragma once

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace skald {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T, class Allocator>
inline constexpr bool is_vector<std::vector<T, Allocator>> = true;

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_set = false;
template <class T, class Less, class Allocator>
inline constexpr bool is_set<std::set<T, Less, Allocator>> = true;

template <class T>
inline constexpr bool is_map = false;
template <class T, class Less, class Allocator>
inline constexpr bool is_map<std::map<std::string, T, Less, Allocator>> = true;

template <class T>
concept json_list = is_vector<T> || is_array<T> || is_set<T>;

template <class T>
concept json_integer =
  std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <class T>
concept json_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
concept json_struct =
  std::is_class_v<T> && std::default_initializable<T> && boost::describe::has_describe_members<T>::value;

template <class T>
concept json_float = std::same_as<T, float> || std::same_as<T, double>;

/// A type that is neither an array nor an object in JSON.
template <class T>
concept json_scalar =
  std::same_as<T, bool> || json_integer<T> || json_float<T> || std::same_as<T, std::string> || json_enum<T>;

template <class T>
constexpr bool is_json_mapped() {
  if constexpr (is_optional<T>)
    return !is_optional<typename T::value_type> && is_json_mapped<typename T::value_type>(); // null means one thing
  else if constexpr (json_list<T>)
    return is_json_mapped<typename T::value_type>();
  else if constexpr (is_map<T>)
    return is_json_mapped<typename T::mapped_type>();
  else
    return json_scalar<T> || json_struct<T>;
}

} // namespace detail

/// A type that `to_json` and `from_json` accept: `bool`, an integer, `float`, `double`, `std::string`, an enum with
/// `BOOST_DESCRIBE_ENUM`, a default-constructible struct with `BOOST_DESCRIBE_STRUCT`, or a `std::optional`,
/// `std::vector`, `std::array`, `std::set` or `std::map<std::string, T>` of such types.
///
/// It does not look at the members of a struct. Using one that has no form in JSON is a compile-time error with a
/// sentence.
template <class T>
concept json_mapped = detail::is_json_mapped<T>();

namespace detail {

template <class T>
using json_members =
  boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

/// The names in a list of descriptors.
template <template <class...> class List, class... D>
constexpr std::array<std::string_view, sizeof...(D)> names_of(List<D...>) {
  return {std::string_view{D::name}...};
}

template <class T>
constexpr void check_mapped() {
  static_assert(json_mapped<T>,
                "skald: this type has no form in JSON; take bool, integers, float, double, std::string, "
                "std::optional, std::vector, std::array, std::set, std::map<std::string, T>, an enum with "
                "BOOST_DESCRIBE_ENUM or a default-constructible struct with BOOST_DESCRIBE_STRUCT");
}

} // namespace detail

} // namespace skald
