#include <skald/projection/projection_run.hpp>

#include <skald/store/quoted.hpp>

#include <algorithm>
#include <iterator>

namespace skald {

projection_run::actions projection_run::registered(result<checkpoint> from, position head) {
  if (!from) {
    stop(from.error());
  } else {
    head_ = std::max(head_, head);
    start(std::move(*from));
    if (phase_ == projection_phase::registering) phase_ = projection_phase::live;
  }
  return drive();
}

projection_run::actions projection_run::committed(position head) {
  head_ = std::max(head_, head);
  awake_ = true;
  return drive();
}

projection_run::actions projection_run::page_read(result<page> records) {
  reading_ = false;
  if (!records) {
    stop(records.error());
  } else {
    if (!records->records.empty()) head_ = std::max(head_, records->records.back().position);
    dispatcher_->offer(std::make_shared<const page>(std::move(*records)));
  }
  return drive();
}

projection_run::actions projection_run::handled(const delivery_report& report) {
  for (const auto which : report.done) dispatcher_->done(report.handler, which);
  for (const auto which : report.abandoned) dispatcher_->abandoned(which);
  for (const auto& [which, why] : report.failed) {
    if (is_halting() && why.code == errc::stopped) { // the node refused something because it ends: no failure
      dispatcher_->abandoned(which);
      continue;
    }
    auto at = dispatcher_->record_of(which);
    dispatcher_->failed(report.handler, which);
    stop({errc::handler_failed, why.message}, std::move(at));
  }
  return drive();
}

projection_run::actions projection_run::saved(const result<void>& outcome) {
  auto update = std::exchange(saving_, std::nullopt);
  const bool reported = std::exchange(save_error_, std::nullopt).has_value();
  if (!outcome) {
    unsaved_ = std::move(update);
    save_error_ = outcome.error();
    if (!reported) stop(outcome.error());
  }
  return drive();
}

projection_run::actions projection_run::reach(position target, time_point deadline, reply to) {
  waiters_.emplace(target, waiter{std::move(to), deadline});
  actions_.emplace_back(wake_action{deadline});
  return drive();
}

projection_run::actions projection_run::replay(position from, std::function<void()> reset, reply to) {
  if (is_halting()) {
    answer(to, ending());
  } else if (replay_) {
    answer(to, error{errc::rejected,
                     "projection " + detail::in_quotes(name_) + " is about to be replayed already: try again later"});
  } else {
    replay_ = replay_request{from, std::move(reset), std::move(to), {}, {}};
    phase_ = projection_phase::quiescing;
  }
  return drive();
}

projection_run::actions projection_run::rewound(result<checkpoint> to) {
  if (!to) {
    unsaved_ = std::move(replay_->unsaved);
    stop(to.error());
    end_replay(to.error());
    return drive();
  }
  replay_->start = std::move(*to);
  actions_.emplace_back(reset_action{std::move(replay_->reset)});
  return std::exchange(actions_, {});
}

projection_run::actions projection_run::reset_done(const result<void>& outcome) {
  start(std::move(replay_->start));
  end_replay(outcome);
  return drive();
}

projection_run::actions projection_run::halt(time_point deadline, reply to) {
  halts_.push_back(std::move(to));
  if (!is_halting()) {
    if (phase_ == projection_phase::quiescing) answer(std::exchange(replay_, std::nullopt)->to, ending());
    phase_ = replay_ ? projection_phase::halting_after_replay : projection_phase::halting;
    cancel_at_ = deadline;
    actions_.emplace_back(wake_action{deadline});
  }
  return drive();
}

projection_run::actions projection_run::woken(time_point now) {
  auto next = time_point::max();
  std::erase_if(waiters_, [&](const auto& entry) {
    const auto& [target, waiting] = entry;
    if (waiting.deadline <= now) {
      answer(waiting.to, late(target));
      return true;
    }
    next = std::min(next, waiting.deadline);
    return false;
  });
  if (cancel_at_ && *cancel_at_ <= now) {
    cancel_at_.reset();
    actions_.emplace_back(cancel_action{});
  }
  if (cancel_at_) next = std::min(next, *cancel_at_);
  if (next != time_point::max()) actions_.emplace_back(wake_action{next});
  return std::exchange(actions_, {});
}

projection_run::actions projection_run::drive() {
  if (phase_ == projection_phase::live && awake_) {
    for (auto& next : dispatcher_->take_ready()) actions_.emplace_back(deliver_action{std::move(next)});
    read_more();
  }
  answer_waiters();
  save();
  if (!reading_ && !saving_ && (!dispatcher_ || dispatcher_->running() == 0)) when_quiet();
  return std::exchange(actions_, {});
}

void projection_run::start(checkpoint from) {
  dispatcher_.emplace(handlers_, std::move(from));
  stopped_by_.reset();
  save_error_.reset();
}

void projection_run::read_more() {
  if (reading_ || dispatcher_->offered() >= head_ || dispatcher_->window_records() >= window_records ||
      dispatcher_->window_bytes() >= window_bytes)
    return;
  reading_ = true;
  actions_.emplace_back(read_action{dispatcher_->offered()});
}

void projection_run::answer_waiters() {
  if (dispatcher_ && !replay_) {
    const auto reached = waiters_.upper_bound(dispatcher_->handled());
    for (auto i = waiters_.begin(); i != reached; ++i) answer(i->second.to, {});
    waiters_.erase(waiters_.begin(), reached);
  }
  if (!stopped_by_ && !is_halting()) return;
  const auto why = stopped_by_ ? *stopped_by_ : ending();
  for (const auto& [target, waiting] : std::exchange(waiters_, {})) answer(waiting.to, why);
}

void projection_run::save() {
  if (!dispatcher_ || saving_) return;
  const bool last = is_halting() && !reading_ && dispatcher_->running() == 0; // nothing comes after it
  if (unsaved_ && (!last || last_save_tried_)) return;
  saving_ = take_update();
  if (!saving_) return;
  last_save_tried_ = last;
  actions_.emplace_back(save_action{*saving_});
}

std::optional<checkpoint_update> projection_run::take_update() {
  if (!dispatcher_) return std::nullopt;
  auto update = dispatcher_->take_update(name_);
  auto again = std::exchange(unsaved_, std::nullopt);
  if (!again) return update;
  if (update) {
    std::ranges::move(update->completions, std::back_inserter(again->completions));
    again->handled = update->handled;
  }
  return again;
}

void projection_run::when_quiet() {
  if (phase_ == projection_phase::halting) {
    const auto outcome = save_error_ ? result<void>{*save_error_} : result<void>{};
    for (const auto& to : std::exchange(halts_, {})) answer(to, outcome);
  } else if (phase_ == projection_phase::quiescing) {
    phase_ = projection_phase::replaying;
    // Progress that could not be saved before is progress all the same: those records must not come as fresh again.
    replay_->unsaved = take_update();
    actions_.emplace_back(rewind_action{replay_->from, replay_->unsaved});
  }
}

void projection_run::stop(const error& why, std::shared_ptr<const record> at) {
  if (!stopped_by_) stopped_by_ = why;
  if (phase_ == projection_phase::registering || phase_ == projection_phase::live) phase_ = projection_phase::stopped;
  actions_.emplace_back(report_action{why, std::move(at)});
}

void projection_run::end_replay(const result<void>& outcome) {
  answer(std::exchange(replay_, std::nullopt)->to, outcome);
  if (phase_ == projection_phase::halting_after_replay)
    phase_ = projection_phase::halting;
  else
    phase_ = stopped_by_ ? projection_phase::stopped : projection_phase::live;
}

error projection_run::ending() const {
  return {errc::stopped, "projection " + detail::in_quotes(name_) + " is ending with its node"};
}

error projection_run::late(position target) const {
  const auto at = dispatcher_ ? dispatcher_->handled() : position{};
  return {errc::timeout, "projection " + detail::in_quotes(name_) + " did not reach position " +
                           std::to_string(target.value) + " in time, it is at " + std::to_string(at.value)};
}

} // namespace skald
