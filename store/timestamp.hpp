#pragma once

#include <skald/store/result.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace skald {

/// A time of the hybrid logical clock: milliseconds since 1970 and a counter of 16 bits, compared as one integer.
///
/// Zero means "not given". The largest one lies in the year 6429, so that every timestamp fits the signed integers of
/// 64 bits that databases have.
class timestamp {
public:
  using milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

  constexpr timestamp() = default;
  constexpr explicit timestamp(std::uint64_t ticks) noexcept : ticks_{ticks} {}

  /// Precondition: `time` is not before 1970.
  constexpr timestamp(milliseconds time, std::uint16_t counter) noexcept
    : ticks_{static_cast<std::uint64_t>(time.time_since_epoch().count()) << 16 | counter} {}

  /// How to read the part of a time that is finer than a millisecond.
  enum class finer {
    in_counter, ///< 64 steps of the counter for a microsecond, which keep the order; the rest is cut off
    refused
  };

  /// Reads a time of RFC 3339 from 1970 on, such as `2000-03-14T23:00:00.000Z` or `2000-03-15 00:00:00.123456+01:00`.
  ///
  /// - The offset is converted to UTC. It may lack its colon or its minutes.
  /// - A leap second (`:60` at the end of a month) sorts after the whole second before it, and shows the last
  ///   millisecond of that.
  /// - The first moment of 1970 gets counter 1, since zero means "not given".
  ///
  /// Errors: `invalid_argument`.
  static result<timestamp> parse(std::string_view text, finer than_a_millisecond = finer::in_counter);

  [[nodiscard]] constexpr std::uint64_t ticks() const noexcept { return ticks_; }
  [[nodiscard]] constexpr bool given() const noexcept { return ticks_ != 0; }
  [[nodiscard]] constexpr std::uint16_t counter() const noexcept { return ticks_ & 0xffff; }
  [[nodiscard]] constexpr milliseconds time() const noexcept {
    return milliseconds{std::chrono::milliseconds{ticks_ >> 16}};
  }
  /// The smallest larger one.
  [[nodiscard]] constexpr timestamp next() const noexcept { return timestamp{ticks_ + 1}; }
  /// The time in UTC with milliseconds, such as `2000-03-14T23:00:00.000Z`. It does not show the counter.
  [[nodiscard]] std::string str() const;

  static constexpr timestamp max() noexcept { return timestamp{(std::uint64_t{1} << 63) - 1}; }

  friend constexpr auto operator<=>(const timestamp&, const timestamp&) = default;

private:
  std::uint64_t ticks_ = 0;
};

/// Returns the time of day. Tests pass their own.
using wall_clock = std::function<timestamp::milliseconds()>;

/// The machine's clock.
[[nodiscard]] timestamp::milliseconds system_wall_clock();

/// Makes timestamps that strictly increase, even if the wall clock stands still or jumps back.
///
/// A full counter carries into the milliseconds. A store that is opened moves its clock to its newest timestamp, so
/// time does not repeat across restarts. Thread-safe.
///
/// Source: Kulkarni et al., "Logical Physical Clocks", 2014.
class hybrid_clock {
public:
  explicit hybrid_clock(wall_clock wall = system_wall_clock) : wall_{std::move(wall)} {}

  /// Returns a timestamp above all that were returned or observed before.
  [[nodiscard]] timestamp now();

  /// Makes `now` return timestamps above `seen` from now on.
  void observe(timestamp seen);

private:
  std::mutex mutex_;
  wall_clock wall_;
  timestamp last_{};
};

} // namespace skald
