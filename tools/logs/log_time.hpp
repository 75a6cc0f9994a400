#pragma once

#include <skald/store/timestamp.hpp>

#include <cstdint>
#include <string_view>

namespace tools {

/// How a log writes its times.
enum class time_style {
  rfc3339,
  utc, ///< RFC 3339, and UTC where the offset is missing
  seconds, ///< since 1970, as numbers or strings
  milliseconds
};

/// Throws `failure` (`invalid_argument`) where there is no style of this name.
[[nodiscard]] time_style time_style_named(std::string_view name);

/// Reads the times of a log.
class log_time {
public:
  /// `finer` says what becomes of times finer than a millisecond.
  explicit log_time(time_style style = time_style::rfc3339,
                    skald::timestamp::finer finer = skald::timestamp::finer::in_counter)
    : style_{style}, finer_{finer} {}

  /// Whether numbers are times. Else only strings are.
  [[nodiscard]] bool takes_numbers() const noexcept {
    return style_ == time_style::seconds || style_ == time_style::milliseconds;
  }

  /// The moment that a text, or a JSON number, names. Throws `failure` (`invalid_argument`) that says what to do.
  [[nodiscard]] skald::timestamp read(std::string_view text) const;

private:
  time_style style_;
  skald::timestamp::finer finer_;
};

/// A moment with the counter that stands beside it. Errors: `invalid_argument` where its time has another one, which
/// is so where it is finer than a millisecond.
[[nodiscard]] skald::result<skald::timestamp> with_counter(skald::timestamp read, std::uint16_t counter);

} // namespace tools
