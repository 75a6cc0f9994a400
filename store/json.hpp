#pragma once

#include <skald/store/json_mapped.hpp>
#include <skald/store/json_text.hpp>
#include <skald/store/result.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skald {

/// Checks that `text` is one JSON value of RFC 8259, in UTF-8, at most `limits::json_depth` levels deep.
///
/// Numbers may have any number of digits and exponents of 31 bits. Members may repeat. Errors: `invalid_event`, with
/// the place. Cost grows with the text. It builds no tree, so memory does not grow.
[[nodiscard]] result<void> check_json(std::string_view text);

/// The same for a text that carries such values, such as a line of a log. It may nest `levels` deep.
///
/// Precondition: `levels` leaves room for `limits::json_depth` and for what surrounds the values. Then a text that is
/// refused as too deep carries a value that is.
[[nodiscard]] result<void> check_json(std::string_view text, std::size_t levels);

namespace detail {

template <class T>
void write_json(json_writer& out, const T& value, const json_path& at) {
  if constexpr (!json_mapped<T>) {
    check_mapped<T>();
  } else if constexpr (std::same_as<T, bool>) {
    out.raw(value ? std::string_view{"true"} : std::string_view{"false"});
  } else if constexpr (json_integer<T>) {
    out.write(static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(value));
  } else if constexpr (json_float<T> || std::same_as<T, std::string>) {
    out.write(value, at);
  } else if constexpr (is_optional<T>) {
    if (value)
      write_json(out, *value, at);
    else
      out.raw("null");
  } else if constexpr (json_enum<T>) {
    bool found = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
      if (found || enumerator.value != value) return;
      found = true;
      out.write(std::string_view{enumerator.name}, at);
    });
    if (!found) out.no_enumerator(static_cast<std::int64_t>(value), at);
  } else if constexpr (json_list<T>) {
    if (!out.open('[', at)) return;
    std::size_t i = 0;
    for (const typename T::value_type& element : value) {
      if (i != 0) out.raw(',');
      write_json(out, element, at.element(i++));
    }
    out.raw(']');
  } else if constexpr (is_map<T>) {
    if (!out.open('{', at)) return;
    bool first = true;
    for (const auto& [name, element] : value) {
      const auto here = at.member(name);
      if (!std::exchange(first, false)) out.raw(',');
      out.write(std::string_view{name}, here);
      out.raw(':');
      write_json(out, element, here);
    }
    out.raw('}');
  } else if constexpr (json_struct<T>) {
    if (!out.open('{', at)) return;
    bool first = true;
    boost::mp11::mp_for_each<json_members<T>>([&](auto descriptor) {
      const auto& member = value.*descriptor.pointer;
      if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>) {
        if (!member) return;
      }
      out.key(descriptor.name, std::exchange(first, false));
      write_json(out, member, at.member(descriptor.name));
    });
    out.raw('}');
  }
}

template <class T>
void read_json_value(const json_node& node, T& out);

template <class T>
void read_struct(const json_node& node, T& out) {
  static constexpr auto names = names_of(json_members<T>{});
  const auto size = node.members();
  if (!size) return;
  std::size_t found = 0;
  boost::mp11::mp_for_each<json_members<T>>([&](auto descriptor) {
    auto& member = out.*descriptor.pointer;
    if (const auto child = node.find(descriptor.name, found)) {
      ++found;
      read_json_value(*child, member);
    } else if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>) {
      member.reset();
    } else {
      node.missing(descriptor.name);
    }
  });
  if (found != *size) node.refuse_others(names);
}

template <class T>
void read_list(const json_node& node, T& out) {
  const auto size = node.elements();
  if (!size) return;
  if constexpr (is_array<T>) {
    if (*size != out.size())
      return node.refuse("expected " + std::to_string(out.size()) + " elements, found " + std::to_string(*size));
    for (std::size_t i = 0; i < *size; ++i) read_json_value(node.element(i), out[i]);
  } else {
    out.clear();
    for (std::size_t i = 0; i < *size; ++i) {
      [[maybe_unused]] const auto problems = node.problem_count();
      typename T::value_type element{};
      read_json_value(node.element(i), element);
      if constexpr (is_vector<T>)
        out.push_back(std::move(element));
      else if (!out.insert(std::move(element)).second && node.problem_count() == problems)
        node.element(i).refuse("stands in the set already");
    }
  }
}

template <class T>
void read_json_value(const json_node& node, T& out) {
  if constexpr (!json_mapped<T>) {
    check_mapped<T>();
  } else if constexpr (std::same_as<T, bool> || json_float<T> || std::same_as<T, std::string>) {
    node.read(out);
  } else if constexpr (json_integer<T> && std::is_signed_v<T>) {
    if (const auto number = node.integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()))
      out = static_cast<T>(*number);
  } else if constexpr (json_integer<T>) {
    if (const auto number = node.natural(std::numeric_limits<T>::max())) out = static_cast<T>(*number);
  } else if constexpr (is_optional<T>) {
    if (node.null())
      out.reset();
    else
      read_json_value(node, out.emplace());
  } else if constexpr (json_enum<T>) {
    static constexpr auto names = names_of(boost::describe::describe_enumerators<T>{});
    const auto text = node.string();
    if (!text) return;
    bool found = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
      if (found || *text != enumerator.name) return;
      found = true;
      out = enumerator.value;
    });
    if (!found) node.expected_one_of(names, *text);
  } else if constexpr (json_list<T>) {
    read_list(node, out);
  } else if constexpr (is_map<T>) {
    const auto size = node.members();
    if (!size) return;
    out.clear();
    for (std::size_t i = 0; i < *size; ++i) {
      const auto child = node.member(i);
      read_json_value(child, out[std::string{child.name()}]);
    }
  } else if constexpr (json_struct<T>) {
    read_struct(node, out);
  }
}

} // namespace detail

/// Writes a value as JSON text.
///
/// - A described struct is an object. Its members come in the order of the description, those of bases first, whatever
///   their access.
/// - A described enum is its name.
/// - An empty `std::optional` member is left out.
///
/// Equal values give the same text, and `from_json` reads an equal value back, numbers included.
///
/// Errors: `invalid_event`, with the path of each part that has no form in JSON: a number that is not finite, a string
/// that is not UTF-8, a value without enumerator, more than `limits::json_depth` levels. Cost grows with the text. It
/// builds no tree.
template <class T>
[[nodiscard]] result<std::string> to_json(const T& value) {
  detail::json_writer out;
  detail::write_json(out, value, detail::json_path{});
  return std::move(out).finish();
}

/// Reads a value from JSON text, strictly: unknown and missing members, other types and numbers out of range are
/// problems.
///
/// An `std::optional` member may be missing or null. Of a repeated member, the last one counts.
///
/// Errors: `invalid_event`, also for text that is no JSON (see `check_json`). The message lists the problems, each with
/// its path, such as `name.family: missing; tags[2]: expected a string, found a number`. Cost grows with the text.
template <class T>
[[nodiscard]] result<T> from_json(std::string_view text) {
  detail::check_mapped<T>();
  if constexpr (json_mapped<T>) {
    T value{};
    const auto read = detail::read_json(
      text, &value,
      [](const detail::json_node& root, void* target) { detail::read_json_value(root, *static_cast<T*>(target)); },
      detail::json_scalar<T>);
    if (!read) return read.error();
    return value;
  } else {
    return error{};
  }
}

} // namespace skald
