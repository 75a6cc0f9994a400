#pragma once

#include <skald/actors/await_guard.hpp>
#include <skald/actors/caf.hpp>
#include <skald/actors/messages.hpp>
#include <skald/actors/timers.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace skald {

class node;

/// For actors of your own: `ask` sends one a request, `actor_system_of` is the system to spawn it on. The typed
/// interfaces of skald's own actors are here, too. Only this public header and `caf.hpp` include CAF.
namespace actors {

using store_actor =
  typed_actor<caf::result<void>(append_work), caf::result<void>(flush), caf::result<void>(hydrate_work),
              caf::result<void>(write_work), caf::result<void>(snapshot_work)>;

using reader_actor = typed_actor<caf::result<void>(read_work)>;

using aggregate_actor = typed_actor<caf::result<void>(command_work), caf::result<void>(stream_changed),
                                    caf::result<void>(retire), caf::result<void>(resume)>;

/// Finds or spawns the aggregate of a stream and passes commands to it.
using directory_actor = typed_actor<caf::result<void>(command_work), caf::result<void>(streams_changed)>;

using projector_actor =
  typed_actor<caf::result<void>(begin), caf::result<void>(committed), caf::result<void>(handled),
              caf::result<void>(reach), caf::result<void>(replay), caf::result<void>(halt), caf::result<void>(resume)>;

// A handler's interface lists just the deliveries of its kind, so a wrong delivery does not compile.
using once_handler_actor = typed_actor<caf::result<void>(fresh)>;
using on_handler_actor = typed_actor<caf::result<void>(fresh), caf::result<void>(hydrated)>;
using all_handler_actor =
  typed_actor<caf::result<void>(fresh), caf::result<void>(hydrated), caf::result<void>(outdated)>;

/// The interface of each kind of handler.
template <handler_kind Kind>
using handler_actor_of =
  std::conditional_t<Kind == handler_kind::once, once_handler_actor,
                     std::conditional_t<Kind == handler_kind::on, on_handler_actor, all_handler_actor>>;

/// The actor system of a node, to spawn your own actors on. Precondition: they end before the node does.
caf::actor_system& actor_system_of(node& n);

/// Translates the error that an actor answered: `broken_promise` if it has ended, else `rejected`.
[[nodiscard]] error to_error(caf::actor_system& system, const caf::error& why);

namespace detail {

/// Sends one request, delivers the answer and ends. Watches the actor that it asks, because CAF 0.17.6 does not answer
/// a request whose promise was dropped. `answer_of` has the timeout, because CAF 0.17.6 never cancels its own.
template <class R, class Handle, class... Ts>
class asker_behavior {
public:
  static constexpr const char* name = "skald.asker";

  asker_behavior(caf::event_based_actor* self, Handle to, promise<R> answer, std::shared_ptr<std::tuple<Ts...>> message)
    : self_{self}, to_{std::move(to)}, answer_{std::move(answer)}, message_{std::move(message)} {}

  caf::behavior make_behavior() {
    monitor(self_, to_, [this] {
      finish(error{errc::broken_promise, "the actor that was asked has ended without an answer", outcome::unknown});
    });
    auto got = [this](R& answer) { finish(std::move(answer)); };
    auto failed = [this](caf::error& why) { finish(to_error(self_->system(), why)); };
    std::apply([&](auto&... xs) { request(self_, to_, std::move(got), std::move(failed), std::move(xs)...); },
               *message_);
    return {[](flush) {}};
  }

private:
  void finish(result<R> answer) {
    answer_.deliver(std::move(answer));
    self_->quit();
  }

  caf::event_based_actor* self_;
  Handle to_;
  promise<R> answer_;
  std::shared_ptr<std::tuple<Ts...>> message_;
};

/// Awaits an answer. `spawn_asker(promise<R>)` returns the actor that delivers it.
template <class R, class SpawnAsker>
task<R> answer_of(SpawnAsker spawn_asker, std::chrono::milliseconds timeout) {
  boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, bounded(timeout)};
  caf::actor asker;
  auto start = [&](promise<R> owed) {
    timer.async_wait([give_up = owed.weak()](const boost::system::error_code& cancelled) {
      if (!cancelled) give_up(error{errc::timeout, "the actor did not answer in time", outcome::unknown});
    });
    asker = spawn_asker(std::move(owed));
  };
  auto answer = co_await await_promise<R>(start, on_cancel::give_up);
  send_exit(asker); // it may still wait
  co_return std::move(answer).value();
}

} // namespace detail

/// Sends `message` to an actor and awaits its answer, an `R`: `co_await ask<reply>(actor, 5s, question)`.
///
/// For actors of your own; aggregates and projections have handles. On g++ 12, name a message that is an aggregate, and
/// pass the variable.
///
/// Throws `failure`: `timeout`; `broken_promise` if the actor has ended without an answer; `rejected` if it answered an
/// error; `stopped` if the coroutine is cancelled. Resumes on the executor of the awaiting coroutine, never on a thread
/// of CAF.
template <class R, class Handle, class... Ts>
task<R> ask(Handle to, std::chrono::milliseconds timeout, Ts&&... message) {
  (..., [] { SKALD_AWAIT_GUARD(Ts); }());
  auto content = std::make_shared<std::tuple<std::decay_t<Ts>...>>(std::forward<Ts>(message)...);
  auto spawn_asker = [to, content](promise<R> answer) {
    auto& system = caf::actor_cast<caf::actor>(to)->home_system();
    return spawn<detail::asker_behavior<R, Handle, std::decay_t<Ts>...>>(system, to, std::move(answer), content);
  };
  return detail::answer_of<R>(std::move(spawn_asker), timeout);
}

} // namespace actors
} // namespace skald

CAF_BEGIN_TYPE_ID_BLOCK(skald, first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(skald, (skald::actors::resume))
CAF_ADD_TYPE_ID(skald, (skald::actors::append_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::flush))
CAF_ADD_TYPE_ID(skald, (skald::actors::hydrate_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::write_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::read_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::committed))
CAF_ADD_TYPE_ID(skald, (skald::actors::command_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::streams_changed))
CAF_ADD_TYPE_ID(skald, (skald::actors::retire))
CAF_ADD_TYPE_ID(skald, (skald::actors::fresh))
CAF_ADD_TYPE_ID(skald, (skald::actors::hydrated))
CAF_ADD_TYPE_ID(skald, (skald::actors::outdated))
CAF_ADD_TYPE_ID(skald, (skald::actors::begin))
CAF_ADD_TYPE_ID(skald, (skald::actors::handled))
CAF_ADD_TYPE_ID(skald, (skald::actors::reach))
CAF_ADD_TYPE_ID(skald, (skald::actors::replay))
CAF_ADD_TYPE_ID(skald, (skald::actors::halt))
CAF_ADD_TYPE_ID(skald, (skald::actors::stream_changed))
CAF_ADD_TYPE_ID(skald, (skald::actors::snapshot_work))
CAF_END_TYPE_ID_BLOCK(skald)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::resume)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::append_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::hydrate_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::write_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::read_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::command_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::streams_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::retire)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::fresh)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::hydrated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::outdated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::handled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::reach)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::replay)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::halt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::stream_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::snapshot_work)
