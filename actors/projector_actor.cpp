#include <skald/actors/projector_actor.hpp>

#include <skald/actors/handler_actor.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <variant>

namespace skald::actors {

namespace {

using clock = std::chrono::steady_clock;

/// Sends a delivery to a handler actor, as the message type of that delivery. A delivery that the kind does not get is
/// not in the interface, so sending it would not compile.
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

projection_run::reply reply_to(const promise<void>& owed) {
  return [owed](result<void> answer) { owed.deliver(std::move(answer)); };
}

result<void> call_reset(const std::function<void()>& reset) {
  const std::string failed = "the reset of a replay failed: ";
  try {
    if (reset) reset();
    return {};
  } catch (const std::exception& e) {
    return error{errc::handler_failed, failed + e.what()};
  } catch (...) {
    return error{errc::handler_failed, failed + "it threw something that is no std::exception"};
  }
}

} // namespace

projector_behavior::projector_behavior(projector_actor::pointer self, std::shared_ptr<const projector_setup> setup)
  : self_{self}, setup_{std::move(setup)}, me_{std::make_shared<link<projector_actor>>(projector_actor{self})},
    run_{setup_->name, infos_of(setup_->handlers)} {
  for (const auto& h : setup_->handlers) switch (h.kind) {
      case handler_kind::once: spawn_handler<handler_kind::once>(h); break;
      case handler_kind::on: spawn_handler<handler_kind::on>(h); break;
      case handler_kind::all: spawn_handler<handler_kind::all>(h); break;
    }
}

projector_behavior::~projector_behavior() {
  me_->cut();
  for (const auto& h : handlers_) h.end();
}

template <handler_kind Kind>
void projector_behavior::spawn_handler(const handler& h) {
  auto runner = std::make_shared<handler_runner>(setup_->executor, h);
  handler_actor_of<Kind> actor = spawn<handler_behavior<Kind>>(*self_, runner);
  auto deliver_to = [actor](delivery how, auto what) { deliver<Kind>(actor, how, std::move(what)); };
  handlers_.push_back({std::move(runner), std::move(deliver_to), [actor] { send_exit(actor); }});
}

projector_actor::behavior_type projector_behavior::make_behavior() {
  return {
    [this](const begin& message) { register_projection(message.answer); },
    [this](const committed& hint) { carry_out(run_.committed(hint.head)); },
    [this](const handled& message) { carry_out(run_.handled(*message.report)); },
    [this](const reach& message) {
      carry_out(run_.reach(message.target, clock::now() + bounded(message.patience), reply_to(message.answer)));
    },
    [this](const replay& message) { carry_out(run_.replay(message.from, message.reset, reply_to(message.answer))); },
    [this](const halt& message) {
      carry_out(run_.halt(clock::now() + bounded(message.patience), reply_to(message.answer)));
    },
    [](const resume& r) { (*r.run)(); },
  };
}

void projector_behavior::register_projection(promise<void> answer) {
  using start_point = std::pair<checkpoint, position>;
  auto registered = [this, answer = std::move(answer)](result<start_point> from) {
    if (from)
      carry_out(run_.registered(std::move(from->first), from->second));
    else
      carry_out(run_.registered(from.error(), {}));
    answer.deliver(from ? result<void>{} : from.error());
  };
  setup_->store->write<start_point>(
    [setup = setup_](event_store& s) -> result<start_point> {
      auto from = s.register_projection(setup->name, setup->fresh_from);
      if (!from) return from.error();
      auto head = s.head();
      if (!head) return head.error();
      return start_point{std::move(*from), *head};
    },
    answer_inside<start_point>(projector_actor{self_}, std::move(registered)));
}

void projector_behavior::carry_out(projection_run::actions all) {
  for (auto& next : all) std::visit([this](auto& action) { carry_out(action); }, next);
}

void projector_behavior::carry_out(projection_run::deliver_action& action) {
  auto what = std::make_shared<deliveries>();
  what->records = std::move(action.records);
  what->report = [me = me_](delivery_report report) {
    me->send(handled{std::make_shared<const delivery_report>(std::move(report))});
  };
  const auto& records = what->records;
  handlers_[records.handler].deliver(records.delivery, what);
}

void projector_behavior::carry_out(projection_run::read_action& action) {
  setup_->store->read<page>([next = all_query{}.after(action.after)](const event_store& s) { return s.read(next); },
                            for_run<page>(&projection_run::page_read));
}

void projector_behavior::carry_out(projection_run::save_action& action) {
  setup_->store->write<void>(
    [update = std::move(action.update)](event_store& s) { return s.save(std::span{&update, 1}); },
    for_run<void>(&projection_run::saved));
}

void projector_behavior::carry_out(projection_run::rewind_action& action) {
  setup_->store->write<checkpoint>(
    [setup = setup_, what = std::move(action)](event_store& s) -> result<checkpoint> {
      if (what.unsaved)
        if (auto saved = s.save(std::span{&*what.unsaved, 1}); !saved) return saved.error();
      return s.rewind(setup->name, what.to);
    },
    for_run<checkpoint>(&projection_run::rewound));
}

void projector_behavior::carry_out(projection_run::reset_action& action) {
  boost::asio::post(setup_->executor,
                    [reset = std::move(action.reset), done = for_run<void>(&projection_run::reset_done)] {
                      done.deliver(call_reset(reset));
                    });
}

void projector_behavior::carry_out(projection_run::cancel_action&) {
  for (const auto& h : handlers_) h.runner->cancel();
}

void projector_behavior::carry_out(projection_run::report_action& action) {
  setup_->on_error(action.why, action.at.get());
}

void projector_behavior::carry_out(projection_run::answer_action& action) { action.to(std::move(action.what)); }

void projector_behavior::carry_out(projection_run::wake_action& action) {
  if (!timers_.arm(action.at)) return;
  auto wake = [this, at = action.at] {
    timers_.rang(at);
    carry_out(run_.woken(clock::now()));
  };
  const auto left = std::max(action.at - clock::now(), clock::duration{});
  send_after(self_, projector_actor{self_}, left, resume{std::make_shared<std::function<void()>>(std::move(wake))});
}

} // namespace skald::actors
