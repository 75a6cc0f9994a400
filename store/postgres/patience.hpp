#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// Waits for a server that is gone, from the first question on and up to a deadline.
class patience {
public:
  explicit patience(std::chrono::milliseconds deadline) : deadline_{deadline} {}

  /// Sleeps a moment, the first time not at all. Returns false when it has waited long enough.
  [[nodiscard]] bool wait() {
    const auto now = steady::now();
    if (!end_) end_ = now + deadline_;
    if (now + pause_ >= *end_) return false;
    std::this_thread::sleep_for(pause_);
    pause_ = std::clamp(2 * pause_, shortest_pause, longest_pause);
    return true;
  }

private:
  using steady = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds shortest_pause{20}; // between two attempts to connect
  static constexpr std::chrono::milliseconds longest_pause{500};

  std::chrono::milliseconds deadline_;
  std::optional<steady::time_point> end_;
  std::chrono::milliseconds pause_{0};
};

} // namespace skald::detail::postgres
