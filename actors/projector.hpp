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

/// The options of a projection.
struct projector_options {
  /// Events up to this position are history to a new projection, and arrive as hydrated. `position{}`: there is no
  /// history, everything may arrive as fresh. Default: the head of the store when the name is registered, so that
  /// nobody is mailed about the past.
  std::optional<position> fresh_from{};
};

namespace detail {

template <class>
inline constexpr bool is_events = false;
template <class... Events>
inline constexpr bool is_events<events<Events...>> = true;

/// Controls one projection. Implemented in `actors/node/`.
class projection_door {
public:
  virtual ~projection_door() = default;
  virtual void add(handler h) = 0;
  [[nodiscard]] virtual const catalog& types() const = 0;
  virtual task<void> reached(position target, std::chrono::milliseconds patience) = 0;
  virtual task<void> replay(position from, std::function<void()> reset) = 0;
};

} // namespace detail

/// Calls handlers for the events of the store. Get one from `node::projector(name)` and add handlers; `node::run`
/// starts it.
///
/// - Handlers are coroutines `task<void>(record_of<Data>)`.
/// - A stream's next record starts when all handlers of the previous one are done. Different streams run concurrently.
/// - All handlers run on the node's one Asio thread. They need no locks, and must not block it for long.
/// - A projection saves its position under its name and resumes there after a restart. An event is delivered again only
///   if its completion was not durable.
/// - A handler that throws stops the projection before its record. See `node_options::on_error`.
///
/// Copies are handles to the same projection.
class projector {
public:
  explicit projector(std::shared_ptr<detail::projection_door> door) : door_{std::move(door)} {}

  /// Adds a handler for fresh events only, such as one that sends or bills. Completions are saved one by one.
  ///
  /// `What` is the data struct of one event type, or an `events` list for a handler that accepts each of its types. A
  /// second handler of the same kind and type needs a `name`.
  ///
  /// Precondition of all three: the node does not run yet. Throws `failure`: `event_missing` for a type that the node
  /// does not know; `invalid_argument` while it runs, and for a name that is taken or cannot be one.
  template <class What, class F>
  projector& once(F f, std::string name = {}) {
    return add<What>(handler_kind::once, std::move(f), std::move(name));
  }

  /// Adds a handler for fresh and hydrated events, such as one that keeps a read model.
  template <class What, class F>
  projector& on(F f, std::string name = {}) {
    return add<What>(handler_kind::on, std::move(f), std::move(name));
  }

  /// Adds a handler for all events, including outdated ones.
  template <class What, class F>
  projector& all(F f, std::string name = {}) {
    return add<What>(handler_kind::all, std::move(f), std::move(name));
  }

  /// Waits until everything up to `target` is handled. Use it to read your own writes.
  ///
  /// Throws `failure`: `timeout` after `patience`; the error that has stopped the projection; `stopped` if the node
  /// does not run. Resumes on the executor of the awaiting coroutine.
  task<void> reached(position target, std::chrono::milliseconds patience = std::chrono::minutes{1}) const {
    return door_->reached(target, patience);
  }

  /// Delivers everything after `from` that was handled before once more, as hydrated: to `on` and `all` handlers, not
  /// to `once`. Also starts a projection that was stopped. Returns when the replay has begun; await `reached` for its
  /// end.
  ///
  /// `reset` may empty a read model. It runs on the node's Asio thread, before the first delivery: when no handler runs
  /// and the replay is durable. After a crash the replay goes on. If the crash came before `reset`, the replay
  /// overwrites the read model instead.
  ///
  /// Throws `failure`: `insertion_failed`; `handler_failed` if `reset` throws; `rejected` while another replay is about
  /// to begin; `stopped`. Resumes on the executor of the awaiting coroutine.
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
