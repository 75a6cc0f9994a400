#pragma once

#include <skald/actors/await_guard.hpp>
#include <skald/aggregates/pipeline.hpp>
#include <skald/projection/task.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

namespace skald {

namespace detail {

/// The way to the aggregates of one type, its type erased.
class command_door {
public:
  virtual ~command_door() = default;
  virtual task<receipt> execute(stream_id stream, decision decide) = 0;
};

} // namespace detail

/// The aggregates of one type, by stream id: made by `node::aggregates<A>()`.
///
/// The first command to a stream spawns its actor, which folds the stream and stays until it is the one that was used
/// least recently. Copies are handles to the same aggregates. Safe to use from several threads.
template <aggregate_type A>
class aggregates {
public:
  explicit aggregates(std::shared_ptr<detail::command_door> door) : door_{std::move(door)} {}

  /// Lets the aggregate of `stream` decide: `command(A&)` looks at its state, pushes events, or throws `rejected`.
  ///
  /// Commands to one stream decide one after the other, in the order they were sent. What was pushed is appended, all
  /// or nothing, and the receipt comes when it is durable, as does a refusal that rests on earlier commands. Where
  /// another process has appended to the stream, the command decides anew on that; a refusal may rest on a state that
  /// is older by `node_options::poll`. A command may be called several times, on threads of skald: it captures by
  /// value and has no side effects. On g++ 12, name a command that captures, and pass the variable.
  ///
  /// Resumes on the executor of the awaiting coroutine. Throws `failure`: `rejected` with the command's words (what
  /// else it throws is `rejected` too), `wrong_expected_revision` where somebody else kept changing the stream,
  /// `insertion_failed` or `broken_promise` (look at the outcome), `read_only`, `read_failed`, `invalid_event` where
  /// the stream does not fit the aggregate, `duplicate_event` where an event's own id is stored already,
  /// `invalid_argument` for an empty or reserved stream, `overloaded`, `stopped`.
  template <class Command>
    requires std::invocable<const std::decay_t<Command>&, A&>
  task<receipt> execute(stream_id stream, Command&& command) const {
    SKALD_AWAIT_GUARD(Command);
    return door_->execute(std::move(stream), decision{[command = std::forward<Command>(command)](any_aggregate& a) {
                            command(*static_cast<A*>(a.object()));
                          }});
  }

  /// A copy of the aggregate of `stream` as it is after all commands that were sent before, all of them durable.
  ///
  /// What another process appends to the same file may be missing for as long as `node_options::poll`. An unknown
  /// stream gives one at revision 0. Resumes on the executor of the awaiting coroutine. Throws `failure`, as
  /// `execute` does.
  task<A> get(stream_id stream) const { return get(door_, std::move(stream)); }

private:
  static task<A> get(std::shared_ptr<detail::command_door> door, stream_id stream) {
    auto copy = std::make_shared<std::optional<A>>();
    decision look = [copy](any_aggregate& a) { *copy = *static_cast<A*>(a.object()); };
    co_await door->execute(std::move(stream), std::move(look));
    co_return std::move(**copy);
  }

  std::shared_ptr<detail::command_door> door_;
};

} // namespace skald
