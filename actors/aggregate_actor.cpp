#include <skald/actors/aggregate_actor.hpp>

#include <skald/actors/link.hpp>

namespace skald::actors {

aggregate_actor::behavior_type aggregate_behavior::make_behavior() {
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

void aggregate_behavior::drive() {
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

void aggregate_behavior::begin_load(const pipeline::load_action& action) {
  if (!action.snapshot) return load(stream_query{stream_});
  using found_snapshot = std::optional<stored_snapshot>;
  auto looked = [this, key = *action.snapshot](const result<found_snapshot>& found) {
    stream_query rest{stream_};
    if (found && *found) { // else the whole stream is read, even if looking failed
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

void aggregate_behavior::keep(const snapshot_source& copy) {
  promise<void> saved{[report = setup_->on_error](const result<void>& kept) {
    if (!kept && kept.error().code != errc::broken_promise) report(kept.error()); // broken: the node ends
  }};
  auto made = copy();
  if (!made) return saved.deliver(made.error());
  setup_->store->save(std::move(*made), std::move(saved));
}

void aggregate_behavior::load(stream_query query) {
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

} // namespace skald::actors
