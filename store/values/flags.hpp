#pragma once

#include <skald/store/record.hpp>

#include <cstdint>

/// Not for users, and not installed.
namespace skald::detail {

/// The marks of a record as bits of a number. Databases store the number and checksums cover it: add bits, never change
/// them.
namespace flag {
inline constexpr std::uint64_t hydrated = 1;
inline constexpr std::uint64_t outdated = 2;
inline constexpr std::uint64_t silent = 4;
inline constexpr std::uint64_t all = hydrated | outdated | silent;
} // namespace flag

[[nodiscard]] inline std::uint64_t flags_of(const record& r) noexcept {
  return (r.hydrated ? flag::hydrated : 0) | (r.outdated ? flag::outdated : 0) | (r.silent ? flag::silent : 0);
}

} // namespace skald::detail
