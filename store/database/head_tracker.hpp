#pragma once

#include <skald/store/ids.hpp>

#include <optional>
#include <utility>

/// Not for users, and not installed.
namespace skald::detail {

/// Tells a store's own appends from those of other processes.
class head_tracker {
public:
  explicit head_tracker(position now = {}) : known_{now} {}

  void set(position own) { known_ = own; }
  void seen(position head) {
    if (head <= known_) return;
    if (!others_behind_) others_behind_ = known_;
    known_ = head;
  }
  /// See `event_store::appended_elsewhere`.
  [[nodiscard]] std::optional<position> take() { return std::exchange(others_behind_, std::nullopt); }

private:
  position known_;
  std::optional<position> others_behind_;
};

} // namespace skald::detail
