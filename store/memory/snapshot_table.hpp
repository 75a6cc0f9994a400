#pragma once

#include <skald/store/memory/undo_list.hpp>
#include <skald/store/snapshot.hpp>

#include <cstddef>
#include <map>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::memory {

/// The snapshots by their keys.
class snapshot_table {
public:
  explicit snapshot_table(undo_list& undo) : undo_{undo} {}

  [[nodiscard]] const snapshot* find(const snapshot_key& key) const {
    const auto found = snapshots_.find(key);
    return found == snapshots_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] std::vector<snapshot_key> keys(const snapshot_key& after, std::size_t limit) const {
    std::vector<snapshot_key> all;
    for (auto at = snapshots_.upper_bound(after); at != snapshots_.end() && all.size() < limit; ++at)
      all.push_back(at->first);
    return all;
  }

  void save(const snapshot& s) {
    remove(s.key);
    snapshots_.emplace(s.key, s);
    undo_.add([this, key = s.key] { snapshots_.erase(key); });
  }

  void remove(const snapshot_key& key) {
    const auto found = snapshots_.find(key);
    if (found == snapshots_.end()) return;
    undo_.add([this, was = found->second] { snapshots_.emplace(was.key, was); });
    snapshots_.erase(found);
  }

private:
  std::map<snapshot_key, snapshot> snapshots_;
  undo_list& undo_;
};

} // namespace skald::detail::memory
