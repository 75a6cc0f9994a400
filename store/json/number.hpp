#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// Writes the shortest text that reads back as the same number.
template <class Number>
std::string_view print(char (&to)[64], Number number) {
  return {to, static_cast<std::size_t>(std::to_chars(to, to + sizeof to, number).ptr - to)};
}

} // namespace skald::detail
