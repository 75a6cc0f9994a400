#pragma once

#include <skald/store/timestamp.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// A moment, with the digits that a text gives.
struct moment {
  std::chrono::sys_seconds second{};
  std::uint32_t nanoseconds = 0;
  bool is_finer = false; ///< than nanoseconds; the rest is cut off
  bool is_leap = false;  ///< it lies in the leap second after `second`
};

/// How to read a time without an offset from UTC.
enum class no_offset { refused, utc };

/// Reads a time of RFC 3339, also with an offset that lacks its colon or minutes. Errors: `invalid_argument`; the
/// message names the part that does not fit.
[[nodiscard]] result<moment> parse_rfc3339(std::string_view text, no_offset without = no_offset::refused);

/// Reads a decimal number of time units since 1970. A second has 10 to the power of `digits` units: 0 for seconds, 3
/// for milliseconds. Errors: `invalid_argument`, as above.
[[nodiscard]] result<moment> parse_unix_time(std::string_view text, int digits);

/// Converts a moment. Errors: `invalid_argument`, as above, for one before 1970, after 6429, or finer than `finer`
/// allows.
[[nodiscard]] result<timestamp> timestamp_of(const moment& m, timestamp::finer finer);

/// Makes an error whose message names the text.
[[nodiscard]] error no_timestamp(std::string_view text, const error& why);

} // namespace skald::detail
