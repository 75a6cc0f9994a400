#include <skald/actors/directory_actor.hpp>

namespace skald::actors {

directory_behavior::~directory_behavior() {
  for (const auto& [stream, live] : live_) send_exit(live.actor);
}

directory_actor::behavior_type directory_behavior::make_behavior() {
  return {
    [this](const command_work& work) { take(work); },
    [this](const streams_changed& changed) {
      for (const auto& [stream, revision] : *changed.streams)
        if (const auto found = live_.find(stream); found != live_.end())
          send(found->second.actor, stream_changed{revision});
    },
  };
}

void directory_behavior::take(const command_work& work) {
  const auto& stream = work.job->stream;
  auto found = live_.find(stream);
  if (found == live_.end()) {
    if (by_use_.size() >= setup_->max_live) retire_oldest();
    auto actor = spawn<aggregate_behavior>(*self_, stream, setup_);
    monitor(self_, actor, [this, stream] { ended(stream); });
    by_use_.push_front(stream);
    found = live_.emplace(stream, entry{std::move(actor), by_use_.begin(), {}}).first;
  } else if (auto& live = found->second; live.use) {
    by_use_.splice(by_use_.begin(), by_use_, *live.use);
  } else {
    live.waiting.push_back(work);
    return;
  }
  send(found->second.actor, work);
}

void directory_behavior::retire_oldest() {
  auto& oldest = live_.at(by_use_.back());
  oldest.use.reset();
  by_use_.pop_back();
  send(oldest.actor, retire{});
}

void directory_behavior::ended(const stream_id& stream) {
  const auto found = live_.find(stream);
  if (found->second.use) by_use_.erase(*found->second.use); // it crashed instead of passivating
  const auto waiting = std::move(found->second.waiting);
  live_.erase(found);
  for (const auto& work : waiting) take(work);
}

} // namespace skald::actors
