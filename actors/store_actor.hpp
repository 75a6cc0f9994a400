#pragma once

#include <skald/actors/interfaces.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace skald::actors {

/// Writes to the store, on a thread of its own. The appends that wait in its mailbox become one group commit.
///
/// The first append of a group makes the actor send itself a flush, which arrives after everything that is queued.
/// Snapshots that came meanwhile are saved after the commit and its answers.
class store_behavior {
public:
  static constexpr const char* name = "skald.store";

  /// Calls `grown` with the new head, on the store's thread, after each commit that added records and its answers.
  store_behavior(store_actor::pointer self, event_store& store, std::function<void(position)> grown)
    : self_{self}, store_{store}, grown_{std::move(grown)} {}

  store_actor::behavior_type make_behavior();

private:
  // Limits how long the first request of a group waits for its answer.
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
