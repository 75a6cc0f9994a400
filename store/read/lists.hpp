#pragma once

#include <skald/store/limits.hpp>
#include <skald/store/result.hpp>

#include <cstddef>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// How many names a list returns at once.
[[nodiscard]] constexpr std::size_t page_of_list(std::size_t limit) noexcept {
  return limit < limits::list_names ? limit : limits::list_names;
}

/// The error of a list whose names are out of order.
[[nodiscard]] inline error out_of_order() {
  return {errc::corrupt,
          "reading a list: its names are out of order: verify the store to see what else is damaged, and "
          "restore it from a backup"};
}

/// Passes on a piece of a list whose names come in order, the first of them after `after`. A list out of order might
/// never end. Errors: `corrupt`.
template <class T, class Name, class NameOf>
[[nodiscard]] result<std::vector<T>> in_order(result<std::vector<T>> piece, const Name& after, NameOf name_of) {
  if (!piece) return piece;
  const T* last = nullptr;
  for (const auto& one : *piece) {
    if (!(last ? name_of(*last) < name_of(one) : after < name_of(one))) return out_of_order();
    last = &one;
  }
  return piece;
}

} // namespace skald::detail
