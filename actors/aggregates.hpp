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

/// Executes commands of the aggregates of one type, with the type erased. Implemented in `actors/node/`.
class command_door {
public:
  virtual ~command_door() = default;
  virtual task<receipt> execute(stream_id stream, decision decide) = 0;
};

} // namespace detail

/// Executes commands of the aggregates of one type. `node::aggregates<A>()` makes it.
///
/// The first command to a stream spawns an actor, which loads the stream. The actor stays until there are more than
/// `node_options::max_live_aggregates`; then the least recently used one ends. Copies are handles to the same
/// aggregates. Thread-safe.
template <aggregate_type A>
class aggregates {
public:
  explicit aggregates(std::shared_ptr<detail::command_door> door) : door_{std::move(door)} {}

  /// Executes a command on the aggregate of `stream`: `command(A&)` looks at its state, pushes events, or throws
  /// `rejected`. Answers the receipt when the events are durable.
  ///
  /// Commands to one stream decide in the order they were sent. The events of one command are appended atomically. A
  /// refusal, too, is answered only when the events it rests on are durable. If another process has appended to the
  /// stream, the command decides again; a refusal may rest on a state that is as old as `node_options::poll`.
  ///
  /// The command may be called several times, on threads of skald: capture by value, and have no side effects. On
  /// g++ 12, name a command that captures, and pass the variable.
  ///
  /// Resumes on the executor of the awaiting coroutine. Throws `failure`:
  ///
  /// - `rejected`: the command threw `rejected` or something that is no `failure`; the message is the exception's;
  /// - `wrong_expected_revision`: others kept appending to the stream;
  /// - `insertion_failed`, `broken_promise`: look at the outcome;
  /// - `read_failed`, `read_only`: the store cannot be read or written;
  /// - `invalid_event`: the stream does not fit the aggregate, or an event that is pushed has no form in JSON;
  /// - `duplicate_event`: an event brings an id that is stored already;
  /// - `invalid_argument`: the stream id is empty or reserved;
  /// - `overloaded`, `stopped`: the node accepts nothing now, or no more.
  template <class Command>
    requires std::invocable<const std::decay_t<Command>&, A&>
  task<receipt> execute(stream_id stream, Command&& command) const {
    SKALD_AWAIT_GUARD(Command);
    return door_->execute(std::move(stream), decision{[command = std::forward<Command>(command)](any_aggregate& a) {
                            command(*static_cast<A*>(a.object()));
                          }});
  }

  /// Returns a copy of the aggregate of `stream`, after all commands that were sent before. Their events are durable.
  ///
  /// Appends of another process may be missing for `node_options::poll`. An unknown stream gives an aggregate at
  /// revision 0. Resumes on the executor of the awaiting coroutine. Throws `failure` as `execute` does.
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
