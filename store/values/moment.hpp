#pragma once

#include <skald/store/timestamp.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// A moment, as fine as a text gives it.
struct moment {
  std::chrono::sys_seconds second{};
  std::uint32_t nanoseconds = 0;
  bool is_finer = false; ///< than nanoseconds; the rest is cut off
  bool is_leap = false;  ///< it lies in the leap second after `second`
};

/// What a time without an offset from UTC is.
enum class no_offset { refused, utc };

/// Reads RFC 3339, and offsets without a colon or minutes. Errors: `invalid_argument`, whose message says what does
/// not fit.
[[nodiscard]] result<moment> parse_rfc3339(std::string_view text, no_offset without = no_offset::refused);

/// Reads a decimal number of seconds since 1970, or of parts of a second: 10 to the `digits` of them make one.
/// Errors: `invalid_argument`, as above.
[[nodiscard]] result<moment> parse_unix_time(std::string_view text, int digits);

/// Errors: `invalid_argument`, as above, of a moment before 1970, after 6429, or finer than is wanted.
[[nodiscard]] result<timestamp> timestamp_of(const moment& m, timestamp::finer finer);

/// Says of which text an error is.
[[nodiscard]] error no_timestamp(std::string_view text, const error& why);

} // namespace skald::detail
