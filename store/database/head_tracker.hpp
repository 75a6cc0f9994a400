#pragma once

#include <skald/store/ids.hpp>

#include <optional>
#include <utility>

/// Not for users, and not installed.
namespace skald::detail {

/// Distinguishes a store's own appends from those of other processes.
class head_tracker {
public:
  explicit head_tracker(position now = {}) : known_{now} {}

    /// The store itself has appended up to `own`.
  void set(position own) { known_ = own; }
  /// The head of the database is `head`. All after the known one is from other processes.
  void seen(position head) {
    if (head <= known_) return;
    if (!others_after_) others_after_ = known_;
    known_ = head;
  }
  /// See `event_store::appended_elsewhere`.
  [[nodiscard]] std::optional<position> take() { return std::exchange(others_after_, std::nullopt); }

private:
  position known_;
  std::optional<position> others_after_;
};

} // namespace skald::detail
