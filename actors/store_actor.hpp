#pragma once

#include <skald/actors/interfaces.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace skald::actors {

/// Owns the writing side of the store, on a thread of its own. Appends that wait in its mailbox become one group
/// commit: the first one of a group sends a flush, which lands behind everything that is already queued. Snapshots
/// that came meanwhile are kept behind the commit and its answers.
class store_behavior {
public:
  static constexpr const char* name = "skald.store";

  /// `grown` is called on the store's thread after each commit that added records, behind the answers.
  store_behavior(store_actor::pointer self, event_store& store, std::function<void(position)> grown)
    : self_{self}, store_{store}, grown_{std::move(grown)} {}

  store_actor::behavior_type make_behavior();

private:
  // Bounds how long a group holds up the answers to its first request.
  static constexpr std::size_t max_group_requests = 4096;

  void commit();
  void keep_snapshots();

  store_actor::pointer self_;
  event_store& store_;
  std::function<void(position)> grown_;
  std::vector<append_request> group_;
  std::vector<std::shared_ptr<append_work::content>> jobs_;
  std::vector<std::shared_ptr<snapshot_work::content>> snapshots_;
};

} // namespace skald::actors
