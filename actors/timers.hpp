#pragma once

#include <algorithm>
#include <chrono>
#include <set>

namespace skald::actors {

/// A time to wait as clocks can add it up: none where it is negative, a year where it is more, such as "for ever".
[[nodiscard]] inline std::chrono::milliseconds bounded(std::chrono::milliseconds patience) {
  return std::clamp<std::chrono::milliseconds>(patience, std::chrono::milliseconds{0}, std::chrono::hours{24 * 365});
}

/// Which timers an actor has to arm that CAF cannot call off, for several deadlines: no more than it takes, for one
/// that rings is followed by the next. Each rings once, in its time.
class timers {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Whether one has to be armed for somebody with this deadline; it counts as armed then.
  [[nodiscard]] bool arm(time_point deadline) {
    if (!armed_.empty() && *armed_.begin() <= deadline) return false;
    armed_.insert(deadline);
    return true;
  }

  /// The one for this deadline has rung: the earliest one of those who still wait is to be armed again.
  void rang(time_point deadline) { armed_.erase(deadline); }

private:
  std::set<time_point> armed_;
};

} // namespace skald::actors
