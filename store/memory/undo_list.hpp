#pragma once

#include <functional>
#include <ranges>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::memory {

/// The steps that undo the changes of a transaction.
class undo_list {
public:
  void add(std::function<void()> take_back) { steps_.push_back(std::move(take_back)); }
  void keep() noexcept { steps_.clear(); }
  void undo() {
    for (const auto& take_back : std::exchange(steps_, {}) | std::views::reverse) take_back();
    steps_.clear();
  }

private:
  std::vector<std::function<void()>> steps_;
};

} // namespace skald::detail::memory
