#pragma once

#include <algorithm>
#include <chrono>
#include <set>

namespace skald::actors {

/// Limits a time to wait to between 0 and a year, so that a clock can add it: "for ever" would overflow.
[[nodiscard]] inline std::chrono::milliseconds bounded(std::chrono::milliseconds patience) {
  return std::clamp<std::chrono::milliseconds>(patience, std::chrono::milliseconds{0}, std::chrono::hours{24 * 365});
}

/// Decides which timers an actor has to arm for many deadlines, so that as few as possible are under way. CAF cannot
/// call off a timer. Each timer rings once.
class timers {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// True if a timer has to be armed for this deadline. It counts as armed then.
  [[nodiscard]] bool arm(time_point deadline) {
    if (!armed_.empty() && *armed_.begin() <= deadline) return false;
    armed_.insert(deadline);
    return true;
  }

  /// Reports that the timer of this deadline has rung. Call `arm` for the earliest deadline that is left.
  void rang(time_point deadline) { armed_.erase(deadline); }

private:
  std::set<time_point> armed_;
};

} // namespace skald::actors
