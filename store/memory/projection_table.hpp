#pragma once

#include <skald/store/checkpoint.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>

/// Not for users, and not installed.
namespace skald::detail::memory {

/// The progress of one projection.
struct progress {
  position handled;
  position fresh_from;
  std::set<completion> completions;

  void save(const checkpoint_update& update) {
    handled = std::max(handled, update.handled);
    completions.insert(update.completions.begin(), update.completions.end());
    completions.erase(completions.begin(), completions.lower_bound({position{handled.value + 1}, {}}));
  }
  void rewind(position target) {
    if (target >= handled) return;
    fresh_from = std::max(fresh_from, handled);
    handled = target;
  }
  [[nodiscard]] checkpoint read() const { return {handled, fresh_from, {completions.begin(), completions.end()}}; }
};

/// The projections by name.
using projection_table = std::map<std::string, progress, std::less<>>;

} // namespace skald::detail::memory
