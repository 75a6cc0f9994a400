#include <skald/actors/store_actor.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace skald::actors {

store_actor::behavior_type store_behavior::make_behavior() {
  return {
    [this](const append_work& work) {
      if (jobs_.empty()) send(store_actor{self_}, flush{});
      group_.push_back(std::move(work.job->request));
      jobs_.push_back(work.job);
      if (jobs_.size() == max_group_requests) commit();
    },
    [this](const snapshot_work& work) {
      if (snapshots_.empty()) send(store_actor{self_}, flush{});
      snapshots_.push_back(work.job);
    },
    [this](const flush&) {
      commit();
      keep_snapshots();
    },
    [this](const hydrate_work& work) {
      commit(); // keeps the order of messages
      const auto report = store_.hydrate(work.job->records);
      work.job->room = {};
      work.job->answer.deliver(report);
      if (report && report->written != 0) grown_(report->last);
    },
    [this](const write_work& work) {
      commit();
      (*work.run)(store_);
    },
  };
}

void store_behavior::commit() {
  if (jobs_.empty()) return;
  const auto jobs = std::exchange(jobs_, {});
  const auto group = std::exchange(group_, {});
  auto answers = store_.append(group);
  position head;
  bool unknown = false; // some request may have been written although it failed
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (answers[i]) head = std::max(head, answers[i]->last);
    unknown |= !answers[i] && answers[i].error().outcome == outcome::unknown;
    jobs[i]->room = {};
    jobs[i]->answer.deliver(std::move(answers[i]));
  }
  if (unknown)
    if (const auto now = store_.head()) head = std::max(head, *now);
  if (head != position{}) grown_(head);
}

void store_behavior::keep_snapshots() {
  const auto jobs = std::exchange(snapshots_, {});
  std::vector<snapshot> all;
  for (const auto& job : jobs) all.push_back(std::move(job->snapshot));
  const auto kept = store_.save_snapshots(all);
  // One refused snapshot fails them all: save each alone then. A store that cannot write is not asked again.
  const bool again = jobs.size() > 1 && !kept && kept.error().code == errc::invalid_argument;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    jobs[i]->answer.deliver(again ? store_.save_snapshots(std::span{&all[i], 1}) : kept);
}

} // namespace skald::actors
