#pragma once

#include <skald/actors/await_guard.hpp>
#include <skald/actors/interfaces.hpp>
#include <skald/actors/promise.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <tuple>
#include <utility>

namespace skald::actors {

/// What an actor answered instead of a value, in skald's words: `broken_promise` or `rejected`.
[[nodiscard]] error to_error(caf::actor_system& system, const caf::error& why);

namespace detail {

/// Sends one request and ends. Ends with an error when the actor it asks does, because CAF 0.17.6 leaves a request
/// unanswered whose promise was dropped. Without a timeout, which CAF 0.17.6 keeps until it is over: who asks has one.
template <class R, class Handle, class... Ts>
class asker_state {
public:
  static constexpr const char* name = "skald.asker";

  asker_state(caf::event_based_actor* self, Handle to, promise<R> answer, std::shared_ptr<std::tuple<Ts...>> message)
    : self_{self}, to_{std::move(to)}, answer_{std::move(answer)}, message_{std::move(message)} {}

  caf::behavior make_behavior() {
    monitor(self_, to_, [this] {
      finish(error{errc::broken_promise, "the actor that was asked has ended without an answer", outcome::unknown});
    });
    auto got = [this](R& answer) { finish(std::move(answer)); };
    auto failed = [this](caf::error& why) { finish(to_error(self_->system(), why)); };
    std::apply(
      [&](auto&... xs) {
#if SKALD_CAF_017
        self_->request(to_, caf::infinite, std::move(xs)...).then(got, failed);
#else
        self_->mail(std::move(xs)...).request(to_, caf::infinite).then(got, failed);
#endif
      },
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

/// `spawn_asker(promise<R>)` answers the actor that asks.
template <class R, class SpawnAsker>
task<R> answer_of(SpawnAsker spawn_asker, std::chrono::milliseconds timeout) {
  boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, timeout};
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
/// For actors of one's own; aggregates and projections have handles. Resumes on the executor of the awaiting coroutine,
/// never on a thread of CAF. Throws `failure`: `timeout`, `broken_promise` where the actor has ended or dropped its
/// promise and then ended, `rejected` for an error it answered, `stopped` where the coroutine is cancelled. On g++ 12, name a message that is an aggregate.
template <class R, class Handle, class... Ts>
task<R> ask(Handle to, std::chrono::milliseconds timeout, Ts&&... message) {
  (..., [] { SKALD_AWAIT_GUARD(Ts); }());
  auto content = std::make_shared<std::tuple<std::decay_t<Ts>...>>(std::forward<Ts>(message)...);
  auto spawn_asker = [to, content](promise<R> answer) {
    auto& system = caf::actor_cast<caf::actor>(to)->home_system();
    return spawn<detail::asker_state<R, Handle, std::decay_t<Ts>...>>(system, to, std::move(answer), content);
  };
  return detail::answer_of<R>(std::move(spawn_asker), timeout);
}

} // namespace skald::actors
