#include <skald/actors/node/local_projection_door.hpp>

#include <skald/actors/projector_actor.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>

namespace skald::actors {

namespace {

/// Sends the message that `make(promise)` returns, and awaits its answer.
template <class MakeMessage>
task<void> ask(std::shared_ptr<local_projection_door> self, MakeMessage make) {
  auto start = [&](promise<void> answer) {
    if (!self->send(make(answer)))
      answer.deliver(error{errc::stopped, "projection " + skald::detail::in_quotes(self->name()) + " is not running"});
  };
  const auto answer = co_await await_promise<void>(start);
  answer.value();
}

} // namespace

void local_projection_door::add(handler h) {
  if (started_)
    throw failure{errc::invalid_argument,
                  "projection " + skald::detail::in_quotes(name_) + " runs: add its handlers before"};
  if (auto problem = skald::detail::problem_of_name("a handler's name", h.id, limits::handler_name_bytes))
    throw failure{*problem};
  if (std::ranges::any_of(handlers_, [&](const handler& other) { return other.id == h.id; }))
    throw failure{errc::invalid_argument, "projection " + skald::detail::in_quotes(name_) + " has a handler " +
                                            skald::detail::in_quotes(h.id) + " already: give the second one a name"};
  handlers_.push_back(std::move(h));
}

void local_projection_door::spawn(caf::actor_system& system, std::shared_ptr<const store_client> store,
                                  boost::asio::any_io_executor executor,
                                  std::function<void(const error&, const record*)> on_error) {
  auto setup = std::make_shared<projector_setup>(
    projector_setup{name_, options_.fresh_from, handlers_, std::move(store), std::move(executor), std::move(on_error)});
  projector_actor actor = actors::spawn<projector_behavior>(system, std::move(setup));
  started_ = true;
  actor_.attach(std::move(actor));
}

task<void> local_projection_door::reached(position target, std::chrono::milliseconds patience) {
  return ask(shared_from_this(),
             [target, patience](auto answer) { return actors::reach{target, patience, std::move(answer)}; });
}

task<void> local_projection_door::replay(position from, std::function<void()> reset) {
  return ask(shared_from_this(),
             [from, reset = std::move(reset)](auto answer) { return actors::replay{from, reset, std::move(answer)}; });
}

} // namespace skald::actors
