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

/// A moment of the hybrid logical clock: milliseconds since 1970 and a counter of 16 bits, compared as one integer.
///
/// Zero stands for "not given". The largest one lies in the year 6429, so that every timestamp fits a signed integer
/// of 64 bits, which is what databases have.
class timestamp {
public:
  using milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

  constexpr timestamp() = default;
  constexpr explicit timestamp(std::uint64_t ticks) noexcept : ticks_{ticks} {}

  /// Precondition: `time` is not before 1970.
  constexpr timestamp(milliseconds time, std::uint16_t counter) noexcept
    : ticks_{static_cast<std::uint64_t>(time.time_since_epoch().count()) << 16 | counter} {}

  /// What becomes of the part of a time that is finer than a millisecond.
  enum class finer {
    in_counter, ///< 64 steps of the counter for a microsecond, so that the order stays; the rest is cut off
    refused
  };

  /// Reads RFC 3339, such as `2000-03-14T23:00:00.000Z` or `2000-03-15 00:00:00.123456+01:00`, from 1970 on. The
  /// offset is converted to UTC; it may lack its colon or its minutes. A leap second (`:60` at the end of a month)
  /// sorts after all of the second before it, and shows that one's last millisecond. The first moment of 1970 gets
  /// counter 1, because zero stands for "not given". Errors: `invalid_argument`.
  static result<timestamp> parse(std::string_view text, finer than_a_millisecond = finer::in_counter);

  [[nodiscard]] constexpr std::uint64_t ticks() const noexcept { return ticks_; }
  [[nodiscard]] constexpr bool given() const noexcept { return ticks_ != 0; }
  [[nodiscard]] constexpr std::uint16_t counter() const noexcept { return ticks_ & 0xffff; }
  [[nodiscard]] constexpr milliseconds time() const noexcept {
    return milliseconds{std::chrono::milliseconds{ticks_ >> 16}};
  }
  /// The next one the clock can show.
  [[nodiscard]] constexpr timestamp next() const noexcept { return timestamp{ticks_ + 1}; }
  /// ISO 8601 in UTC with milliseconds; the counter is not shown.
  [[nodiscard]] std::string str() const;

  static constexpr timestamp max() noexcept { return timestamp{(std::uint64_t{1} << 63) - 1}; }

  friend constexpr auto operator<=>(const timestamp&, const timestamp&) = default;

private:
  std::uint64_t ticks_ = 0;
};

/// Tells the time of day; tests give their own.
using wall_clock = std::function<timestamp::milliseconds()>;

/// The machine's clock.
[[nodiscard]] timestamp::milliseconds system_wall_clock();

/// Gives timestamps that strictly increase, also while the wall clock stands still or jumps back.
///
/// A full counter carries into the milliseconds. A store moves its clock to the newest timestamp it holds when it is
/// opened, so that time does not repeat across restarts. Safe to use from several threads at once.
///
/// Source: Kulkarni et al., "Logical Physical Clocks", 2014.
class hybrid_clock {
public:
  explicit hybrid_clock(wall_clock wall = system_wall_clock) : wall_{std::move(wall)} {}

  /// A timestamp above all that were given out or observed before.
  [[nodiscard]] timestamp now();

  /// Makes `now` answer above `seen` from here on.
  void observe(timestamp seen);

private:
  std::mutex mutex_;
  wall_clock wall_;
  timestamp last_{};
};

} // namespace skald
