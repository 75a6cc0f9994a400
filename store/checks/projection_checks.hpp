#pragma once

#include <skald/store/checkpoint.hpp>

#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// Checks that a projection can have this name, and a store can hold this position. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_projection(std::string_view name, position stored = {});

/// Checks that a store can hold the update: its positions and the names of its projection and handlers. Errors:
/// `invalid_argument`.
[[nodiscard]] result<void> check_update(const checkpoint_update& update);

/// The error for a projection that is not registered.
[[nodiscard]] error unknown_projection(std::string_view name);

} // namespace skald::detail
