#pragma once

#include <skald/actors/await_guard.hpp>
#include <skald/projection/handler.hpp>
#include <skald/store/event.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace skald {

/// Where a projection that is new begins to take events as fresh.
struct projector_options {
  /// Events at or below arrive as hydrated. Not given: the store's head when the name is first seen, so that nobody is
  /// mailed the past. `position{}` takes all history as fresh.
  std::optional<position> fresh_from{};
};

namespace detail {

template <class>
inline constexpr bool is_events = false;
template <class... Events>
inline constexpr bool is_events<events<Events...>> = true;

/// The way to one projection.
class projection_door {
public:
  virtual ~projection_door() = default;
  virtual void add(handler h) = 0;
  [[nodiscard]] virtual const catalog& types() const = 0;
  virtual task<void> reached(position target, std::chrono::milliseconds patience) = 0;
  virtual task<void> replay(position from, std::function<void()> reset) = 0;
};

} // namespace detail

/// A named projection: made by `node::projector(name)`, given its handlers, and started by `node::run`.
///
/// Handlers are coroutines `task<void>(record_of<Data>)`. A stream's next record starts when all handlers of the one
/// before are done; different streams are handled side by side. All run on the node's one Asio thread, so they need no
/// locks but must not block it for long. What was handled is remembered under the projection's name: after a restart it
/// goes on there. An event is delivered again only if its completion was not durable yet. A handler that throws stops
/// the projection in front of its record; see `node_options::on_error`. Copies are handles to the same projection.
class projector {
public:
  explicit projector(std::shared_ptr<detail::projection_door> door) : door_{std::move(door)} {}

  /// Runs for fresh events only, to send and to bill. Completions are remembered one by one. `name` is needed for a
  /// second handler of the same kind and type. `What` is the data of one event type, or an `events` list for a handler
  /// that takes each of its types.
  ///
  /// Precondition of all three: the node does not run yet. Throw `failure`: `event_missing` for a type that the node
  /// does not know, `invalid_argument` for a handler that is there already.
  template <class What, class F>
  projector& once(F f, std::string name = {}) {
    return add<What>(handler_kind::once, std::move(f), std::move(name));
  }

  /// Runs for fresh and hydrated events, to keep a read model.
  template <class What, class F>
  projector& on(F f, std::string name = {}) {
    return add<What>(handler_kind::on, std::move(f), std::move(name));
  }

  /// Runs for all events, outdated ones too.
  template <class What, class F>
  projector& all(F f, std::string name = {}) {
    return add<What>(handler_kind::all, std::move(f), std::move(name));
  }

  /// Waits until everything up to `target` is handled: how to read one's own writes.
  ///
  /// Resumes on the executor of the awaiting coroutine. Throws `failure`: `timeout` after `patience`, the error of a
  /// handler that has stopped the projection, `stopped`.
  task<void> reached(position target, std::chrono::milliseconds patience = std::chrono::minutes{1}) const {
    return door_->reached(target, patience);
  }

  /// Delivers everything behind `from` that was handled before once more, as hydrated, so to `on` and `all` but not to
  /// `once`. `reset` may empty a read model: it runs on the node's Asio thread when nothing is being handled and the
  /// replay can no longer be lost, before the first delivery. Both survive a crash: the replay goes on, and a read
  /// model whose `reset` did not happen is written over.
  ///
  /// A projection that a handler had stopped is started again by it. Answers when the replay has begun; await `reached`
  /// for its end. Resumes on the executor of the awaiting coroutine.
  /// Throws `failure`: `insertion_failed`, `handler_failed` where `reset` throws, `rejected` while another replay is
  /// about to begin, `stopped`.
  template <class Reset = std::function<void()>>
  task<void> replay(position from = {}, Reset&& reset = {}) const {
    SKALD_AWAIT_GUARD(Reset);
    return door_->replay(from, std::function<void()>{std::forward<Reset>(reset)});
  }

private:
  template <class What, class F>
  projector& add(handler_kind kind, F f, std::string name) {
    if constexpr (detail::is_events<What>)
      for_each_event<What>([&]<class Event>() { add_one<typename Event::data_type>(kind, f, name); });
    else
      add_one<What>(kind, std::move(f), std::move(name));
    return *this;
  }

  template <class Data, class F>
  void add_one(handler_kind kind, F f, std::string name) {
    const auto type = door_->types().type_of<Data>().value();
    door_->add(make_handler<Data>(kind, type, std::move(f), std::move(name), door_->types().version_of(type)));
  }

  std::shared_ptr<detail::projection_door> door_;
};

} // namespace skald
