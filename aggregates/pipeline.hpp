#pragma once

#include <skald/aggregates/any_aggregate.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace skald {

/// A command: looks at the aggregate, pushes events or throws `rejected`. May be called several times.
using decision = std::function<void(any_aggregate&)>;

/// Receives the answer to a command. Called once, on the thread that drives the pipeline. Must not call the pipeline.
using decision_answer = std::function<void(result<receipt>)>;

/// Decides the commands of one stream in order, without waiting for the appends of earlier commands.
///
/// - A cold pipeline asks for its stream to be loaded.
/// - The next command decides on the speculative state: the state after all earlier commands, whose appends may still
///   be in flight.
/// - An answer waits until everything that its decision rests on is durable. This includes refusals and reads.
/// - Each append names the event it rests on (`append_request::after`), so the store refuses it together with the one
///   before it.
/// - When the store refuses an append because the stream has moved on, the pipeline drops the speculative state, loads
///   the stream again and decides again, at most `max_attempts` times.
///
/// Plain code without threads and clocks; an aggregate actor drives it. Not thread-safe.
class pipeline {
public:
  static constexpr std::size_t max_in_flight = 64;
  static constexpr unsigned max_attempts = 64;

  using ticket = std::uint64_t;

  struct append_action {
    pipeline::ticket ticket;
    append_request request;
  };

  /// How to load the stream.
  struct load_action {
    std::optional<snapshot_key> snapshot; ///< look for this snapshot first, and pass it to `restore`
  };

  pipeline(stream_id stream, aggregate_factory make, snapshot_every every = {})
    : stream_{std::move(stream)}, make_{make}, every_{every} {}

  /// Adds a command. It decides as soon as the state is loaded and there is room in flight.
  void submit(decision decide, decision_answer answer);

  /// Asks, once for each load, for the stream to be read. Call `fold` for each record, then `loaded`.
  [[nodiscard]] std::optional<load_action> take_load();
  /// Restores the state from the snapshot that was found. True: read the stream after its cursor. False: the snapshot
  /// does not hold; read the stream from its beginning.
  [[nodiscard]] bool restore(const stored_snapshot& s);
  /// Folds one record of the stream that is being loaded.
  void fold(const record& r);
  /// Ends a load: the stream was read to its end, or could not be read. An error answers all commands that wait.
  void loaded(result<void> read);

  /// The next append to send, if any. Pass each answer to `appended`, in any order.
  [[nodiscard]] std::optional<append_action> take_append();
  void appended(ticket which, result<receipt> answer);

  /// A durable state whose snapshot is due, if any.
  [[nodiscard]] snapshot_source take_snapshot() { return std::exchange(snapshot_, nullptr); }

  /// Reports that an append of others brought the stream to `seen` or later. The pipeline loads it again before
  /// the next command decides, unless its state is at `seen` already.
  void mark_stale(revision seen);

  /// True if no command waits and nothing is in flight.
  [[nodiscard]] bool idle() const noexcept { return waiting_.empty() && in_flight_.empty() && !loading_; }

private:
  struct command {
    decision decide;
    decision_answer answer;
    unsigned attempts = 0;
  };

  /// A command that has decided. Its answer waits until it is durable.
  struct decided {
    skald::pipeline::command command;
    pipeline::ticket ticket;
    std::optional<event_id> last_event; ///< of its append; none if it appends nothing
    skald::revision revision; ///< of the stream after this command
    std::optional<result<receipt>> answer; ///< once it is known; given when those before it are
    std::optional<append_request> unsent;
    snapshot_source snapshot; ///< of the state after this command, if one is due
  };

  void run();
  void decide(command next);
  [[nodiscard]] snapshot_source copy_if_due();
  void settle();
  void fall_back();
  void cool_down();

  stream_id stream_;
  aggregate_factory make_;
  snapshot_every every_;
  std::unique_ptr<any_aggregate> state_; ///< null while cold
  std::optional<error> fold_error_;
  std::deque<command> waiting_;
  std::deque<decided> in_flight_; ///< in the order of their decisions
  ticket next_ticket_ = 1;
  skald::revision copied_; ///< of the last state that was copied for a snapshot, or restored from one
  snapshot_source snapshot_;
  bool loading_ = false; ///< nothing is in flight while this is set
  bool load_wanted_ = false;
  bool stale_ = false; ///< load again once nothing is in flight
  bool fallen_ = false; ///< an append was refused: wait for the others in flight before deciding again
};

} // namespace skald
