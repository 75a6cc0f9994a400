#include <skald/actors/projector_actor.hpp>

#include <skald/store/quoted.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>

namespace skald::actors {

namespace {

/// Sends a delivery to a handler actor as the message type it is. What the handler's kind does not hear of has no
/// place in its interface and is not compiled.
template <handler_kind Kind>
void deliver(const handler_actor_of<Kind>& to, delivery how, std::shared_ptr<const deliveries> what) {
  if constexpr (hears(Kind, delivery::fresh))
    if (how == delivery::fresh) return send(to, fresh{std::move(what)});
  if constexpr (hears(Kind, delivery::hydrated))
    if (how == delivery::hydrated) return send(to, hydrated{std::move(what)});
  if constexpr (hears(Kind, delivery::outdated))
    if (how == delivery::outdated) return send(to, outdated{std::move(what)});
}

std::vector<dispatcher::handler_info> infos_of(const std::vector<handler>& handlers) {
  std::vector<dispatcher::handler_info> infos;
  for (const auto& h : handlers) infos.push_back({h.id, h.kind, h.type});
  return infos;
}

} // namespace

projector_behavior::projector_behavior(projector_actor::pointer self, std::shared_ptr<const projector_setup> setup)
  : self_{self}, setup_{std::move(setup)}, me_{std::make_shared<link<projector_actor>>(projector_actor{self})} {
  const auto add = [this]<handler_kind Kind>(const handler& h) {
    runners_.push_back(std::make_shared<handler_runner>(setup_->executor, h));
    handler_actor_of<Kind> actor = spawn<handler_behavior<Kind>>(*self_, runners_.back());
    deliver_.push_back([actor](delivery how, auto what) { deliver<Kind>(actor, how, std::move(what)); });
    end_handlers_.push_back([actor] { send_exit(actor); });
  };
  for (const auto& h : setup_->handlers) switch (h.kind) {
      case handler_kind::once: add.template operator()<handler_kind::once>(h); break;
      case handler_kind::on: add.template operator()<handler_kind::on>(h); break;
      case handler_kind::all: add.template operator()<handler_kind::all>(h); break;
    }
}

projector_behavior::~projector_behavior() {
  me_->cut();
  for (const auto& end : end_handlers_) end();
}

projector_actor::behavior_type projector_behavior::make_behavior() {
  return {
    [this](const begin& message) {
      using start_point = std::pair<checkpoint, position>;
      auto registered = inside<start_point>([this, answer = message.answer](result<start_point> from) {
        if (!from) {
          stop(from.error(), nullptr);
          return answer.deliver(from.error());
        }
        head_ = std::max(head_, from->second);
        start(from->first);
        answer.deliver({});
      });
      setup_->store->write<start_point>(
        [setup = setup_](event_store& s) -> result<start_point> {
          auto from = s.register_projection(setup->name, setup->fresh_from);
          if (!from) return from.error();
          auto head = s.head();
          if (!head) return head.error();
          return start_point{std::move(*from), *head};
        },
        std::move(registered));
    },
    [this](const committed& hint) {
      head_ = std::max(head_, hint.head);
      awake_ = true;
      drive();
    },
    [this](const handled& message) {
      report(*message.report);
      drive();
    },
    [this](const reach& message) {
      const auto deadline = std::chrono::steady_clock::now() + bounded(message.patience);
      waiters_.emplace(message.target, waiter{message.answer, deadline});
      wake_at(deadline);
      drive();
    },
    [this](const replay& message) {
      if (halting_) return message.answer.deliver(ending());
      if (replaying_)
        return message.answer.deliver(error{errc::rejected, "projection " + skald::detail::in_quotes(setup_->name) +
                                                              " is about to be replayed already: try again later"});
      replaying_ = true;
      when_quiet_ = [this, message] { begin_replay(message); };
      refuse_replay_ = [this, message] {
        when_quiet_ = nullptr;
        replaying_ = false;
        message.answer.deliver(ending());
      };
      drive();
    },
    [this](const halt& message) {
      halts_.push_back(message.answer);
      if (!std::exchange(halting_, true)) {
        if (const auto replay = std::exchange(refuse_replay_, nullptr)) replay();
        auto cancel = std::make_shared<std::function<void()>>([this] {
          for (const auto& runner : runners_) runner->cancel();
        });
        send_after(self_, projector_actor{self_}, message.patience, resume{std::move(cancel)});
      }
      drive();
    },
    [](const resume& r) { (*r.run)(); },
  };
}

void projector_behavior::start(const checkpoint& from) {
  dispatcher_.emplace(infos_of(setup_->handlers), from);
  stopped_by_.reset();
  save_error_.reset();
}

void projector_behavior::drive() {
  if (may_start()) {
    hand_out();
    read();
  }
  answer_waiters();
  if (dispatcher_) save();
  if (!quiet()) return;
  if (halting_)
    finish_halt();
  else if (when_quiet_)
    std::exchange(when_quiet_, nullptr)();
}

error projector_behavior::ending() const {
  return {errc::stopped, "projection " + skald::detail::in_quotes(setup_->name) + " is ending with its node"};
}

void projector_behavior::finish_halt() {
  if (replaying_ && !when_quiet_) return; // the replay has begun: its answer comes first
  for (const auto& answer : std::exchange(halts_, {}))
    answer.deliver(save_error_ ? result<void>{*save_error_} : result<void>{});
}

void projector_behavior::hand_out() {
  for (auto& next : dispatcher_->take_ready()) {
    auto what = std::make_shared<deliveries>();
    what->records = std::move(next);
    what->report = [me = me_](delivery_report report) {
      me->send(handled{std::make_shared<const delivery_report>(std::move(report))});
    };
    const auto& records = what->records;
    deliver_[records.handler](records.delivery, what);
  }
}

void projector_behavior::read() {
  if (reading_ || dispatcher_->offered() >= head_ || dispatcher_->window_records() >= window_records ||
      dispatcher_->window_bytes() >= window_bytes)
    return;
  reading_ = true;
  auto next = all_query{}.after(dispatcher_->offered());
  setup_->store->read<page>([next](const event_store& s) { return s.read(next); },
                            inside<page>([this](result<page> records) {
                              reading_ = false;
                              if (!records) {
                                stop(records.error(), nullptr);
                              } else {
                                if (!records->records.empty())
                                  head_ = std::max(head_, records->records.back().position);
                                dispatcher_->offer(std::make_shared<const page>(std::move(*records)));
                              }
                              drive();
                            }));
}

std::optional<checkpoint_update> projector_behavior::take_update() {
  auto update = dispatcher_->take_update(setup_->name);
  auto again = std::exchange(unsaved_, std::nullopt);
  if (!again) return update;
  if (update) {
    std::ranges::move(update->completions, std::back_inserter(again->completions));
    again->handled = update->handled;
  }
  return again;
}

void projector_behavior::save() {
  if (saving_ || (unsaved_ && !halting_)) return;
  const auto update = take_update();
  if (!update) return;
  saving_ = true;
  setup_->store->write<void>([update = *update](event_store& s) { return s.save(std::span{&update, 1}); },
                             inside<void>([this, update = *update](const result<void>& saved) {
                               saving_ = false;
                               const bool told = save_error_.has_value();
                               save_error_.reset();
                               if (!saved) {
                                 const bool last_try = halting_;
                                 if (!last_try) unsaved_ = update;
                                 save_error_ = saved.error();
                                 if (!told) stop(saved.error(), nullptr);
                               }
                               drive();
                             }));
}

void projector_behavior::report(const delivery_report& report) {
  for (const auto which : report.done) dispatcher_->done(report.handler, which);
  for (const auto which : report.abandoned) dispatcher_->abandoned(which);
  for (const auto& [which, why] : report.failed) {
    if (halting_ && why.code == errc::stopped) { // it was refused because the node ends, and comes again
      dispatcher_->abandoned(which);
      continue;
    }
    const auto r = dispatcher_->record_of(which);
    dispatcher_->failed(report.handler, which);
    stop({errc::handler_failed, why.message}, r.get());
  }
}

void projector_behavior::stop(error why, const record* r) {
  if (!stopped_by_) stopped_by_ = why;
  setup_->on_error(why, r);
}

void projector_behavior::answer_waiters() {
  if (dispatcher_ && !replaying_) {
    const auto reached = waiters_.upper_bound(dispatcher_->handled());
    for (auto i = waiters_.begin(); i != reached; ++i) i->second.answer.deliver({});
    waiters_.erase(waiters_.begin(), reached);
  }
  if (!stopped_by_ && !halting_) return;
  const auto why = stopped_by_ ? *stopped_by_ : ending();
  for (const auto& [target, w] : std::exchange(waiters_, {})) w.answer.deliver(why);
}

void projector_behavior::wake_at(std::chrono::steady_clock::time_point deadline) {
  if (!timers_.arm(deadline)) return;
  auto wake = std::make_shared<std::function<void()>>([this, deadline] {
    timers_.rang(deadline);
    expire_waiters();
  });
  const auto left = std::max(deadline - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration{});
  send_after(self_, projector_actor{self_}, left, resume{std::move(wake)});
}

void projector_behavior::expire_waiters() {
  const auto now = std::chrono::steady_clock::now();
  const auto at = dispatcher_ ? dispatcher_->handled() : position{};
  std::erase_if(waiters_, [&](const auto& entry) {
    const auto& [target, w] = entry;
    if (w.deadline > now) return false;
    w.answer.deliver(error{errc::timeout, "projection " + skald::detail::in_quotes(setup_->name) +
                                            " did not reach position " + std::to_string(target.value) +
                                            " in time, it is at " + std::to_string(at.value)});
    return true;
  });
  const auto deadline_of = [](const auto& entry) { return entry.second.deadline; };
  const auto next = std::ranges::min_element(waiters_, {}, deadline_of);
  if (next != waiters_.end()) wake_at(next->second.deadline);
}

void projector_behavior::begin_replay(const replay& message) {
  refuse_replay_ = nullptr;
  // What could not be saved before is handled all the same, and not to come as fresh.
  const auto unsaved = dispatcher_ ? take_update() : std::nullopt;
  setup_->store->write<checkpoint>(
    [setup = setup_, from = message.from, unsaved](event_store& s) -> result<checkpoint> {
      if (unsaved)
        if (auto saved = s.save(std::span{&*unsaved, 1}); !saved) return saved.error();
      return s.rewind(setup->name, from);
    },
    inside<checkpoint>([this, message, unsaved](result<checkpoint> rewound) {
      if (!rewound) {
        unsaved_ = unsaved;
        stop(rewound.error(), nullptr);
        return end_replay(message.answer, rewound.error());
      }
      auto go_on = inside<void>([this, message, from = *rewound](const result<void>& reset) {
        start(from);
        end_replay(message.answer, reset);
      });
      boost::asio::post(setup_->executor, [reset = message.reset, go_on] {
        constexpr auto failed = "the reset of a replay failed: ";
        try {
          if (reset) reset();
          go_on.deliver({});
        } catch (const std::exception& e) {
          go_on.deliver(error{errc::handler_failed, std::string{failed} + e.what()});
        } catch (...) {
          go_on.deliver(
            error{errc::handler_failed, std::string{failed} + "it threw something that is no std::exception"});
        }
      });
    }));
}

void projector_behavior::end_replay(const promise<void>& answer, const result<void>& outcome) {
  replaying_ = false;
  answer.deliver(outcome);
  drive();
}

} // namespace skald::actors
