#include <skald/actors/aggregate_actor.hpp>

namespace skald::actors {

aggregate_actor::behavior_type aggregate_state::make_behavior() {
  return {
    [this](const command_work& work) {
      auto answer = [promised = work.job->answer](result<receipt> r) { promised.deliver(std::move(r)); };
      pipeline_.submit(std::move(work.job->decide), std::move(answer));
      drive();
    },
    [this](const stream_changed& now) {
      pipeline_.mark_stale(now.revision);
      drive();
    },
    [this](const retire&) {
      retiring_ = true;
      drive();
    },
    [](const resume& r) { (*r.run)(); },
  };
}

void aggregate_state::drive() {
  if (const auto action = pipeline_.take_load()) begin_load(*action);
  while (auto next = pipeline_.take_append())
    setup_->store->append(std::move(next->request),
                          answer_inside<receipt>(aggregate_actor{self_}, [this, which = next->ticket](auto answer) {
                            pipeline_.appended(which, std::move(answer));
                            drive();
                          }));
  if (const auto copy = pipeline_.take_snapshot()) keep(copy);
  if (retiring_ && pipeline_.idle()) self_->quit();
}

void aggregate_state::begin_load(const pipeline::load_action& action) {
  if (!action.snapshot) return load(stream_query{stream_});
  using found_snapshot = std::optional<stored_snapshot>;
  auto looked = [this, key = *action.snapshot](const result<found_snapshot>& found) {
    stream_query rest{stream_};
    if (found && *found) { // without one, whatever the reason, all of the stream is read
      if (pipeline_.restore(**found))
        rest.after((*found)->snapshot.cursor);
      else
        setup_->store->write<void>([key](event_store& s) { return s.remove_snapshot(key); }, {});
    }
    load(std::move(rest));
  };
  setup_->store->read<found_snapshot>([key = *action.snapshot](const event_store& s) { return s.load_snapshot(key); },
                                      answer_inside<found_snapshot>(aggregate_actor{self_}, std::move(looked)));
}

void aggregate_state::keep(const snapshot_source& copy) {
  promise<void> told{[report = setup_->on_error](const result<void>& kept) {
    if (!kept && kept.error().code != errc::broken_promise) report(kept.error()); // else the node ends
  }};
  auto made = copy();
  if (!made) return told.deliver(made.error());
  setup_->store->save(std::move(*made), std::move(told));
}

void aggregate_state::load(stream_query query) {
  auto got_page = [this, query](result<page> read) mutable {
    if (!read) {
      pipeline_.loaded(read.error());
    } else {
      for (const auto& r : read->records) pipeline_.fold(r);
      if (read->more) return load(query.resume_behind(read->records.back()));
      pipeline_.loaded({});
    }
    drive();
  };
  setup_->store->read<page>([query](const event_store& s) { return s.read(query); },
                            answer_inside<page>(aggregate_actor{self_}, std::move(got_page)));
}

directory_state::~directory_state() {
  for (const auto& [stream, live] : live_) send_exit(live.actor);
}

directory_actor::behavior_type directory_state::make_behavior() {
  return {
    [this](const command_work& work) { take(work); },
    [this](const streams_changed& changed) {
      for (const auto& [stream, revision] : *changed.streams)
        if (const auto found = live_.find(stream); found != live_.end())
          send(found->second.actor, stream_changed{revision});
    },
  };
}

void directory_state::take(const command_work& work) {
  const auto& stream = work.job->stream;
  auto found = live_.find(stream);
  if (found == live_.end()) {
    if (by_use_.size() >= setup_->max_live) retire_oldest();
    auto actor = spawn<aggregate_state>(*self_, stream, setup_);
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

void directory_state::retire_oldest() {
  auto& oldest = live_.at(by_use_.back());
  oldest.use.reset();
  by_use_.pop_back();
  send(oldest.actor, retire{});
}

void directory_state::ended(const stream_id& stream) {
  const auto found = live_.find(stream);
  if (found->second.use) by_use_.erase(*found->second.use); // it crashed
  const auto waiting = std::move(found->second.waiting);
  live_.erase(found);
  for (const auto& work : waiting) take(work);
}

} // namespace skald::actors
