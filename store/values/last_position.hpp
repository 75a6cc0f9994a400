#pragma once

#include <skald/store/ids.hpp>

#include <cstdint>

/// Not for users, and not installed.
namespace skald::detail {

/// The largest position that a store can hold. Positions fit a signed integer of 64 bits, the widest that databases
/// have.
inline constexpr position last_position{(std::uint64_t{1} << 63) - 1};

} // namespace skald::detail
