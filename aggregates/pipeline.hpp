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

/// What a command does with an aggregate: looks, pushes events, throws `rejected`. May be called several times.
using decision = std::function<void(any_aggregate&)>;

/// Where the answer to a command goes. Called once, on the thread that drives the pipeline, which it must not call
/// back.
using decision_answer = std::function<void(result<receipt>)>;

/// Decides the commands of one stream, one after the other, and keeps their appends in flight.
///
/// Plain code without threads and time; an aggregate actor drives it. A cold pipeline asks for its stream to be loaded.
/// The next command decides on the state that the commands before it will have made, while their appends are still in
/// flight; answers wait until everything a decision rests on is durable, also refusals and reads. When the store
/// refuses an append because the stream has moved on, what was decided on it is dropped, the stream is loaded again
/// and the commands decide anew, at most `max_attempts` times. Each append names the event it rests on
/// (`append_request::after`), so that it falls together with the one before it. Not thread-safe.
class pipeline {
public:
  static constexpr std::size_t max_in_flight = 64;
  static constexpr unsigned max_attempts = 64;

  using ticket = std::uint64_t;

  struct append_action {
    pipeline::ticket ticket;
    append_request request;
  };

  /// What to read of the stream.
  struct load_action {
    std::optional<snapshot_key> snapshot; ///< look for it first: answer with `restore`
  };

  pipeline(stream_id stream, aggregate_factory make, snapshot_every every = {})
    : stream_{std::move(stream)}, make_{make}, every_{every} {}

  /// Takes a command.
  void submit(decision decide, decision_answer answer);

  /// Whether the stream has to be read now: answer with `fold` for each record, then `loaded`. Something once for each
  /// time.
  [[nodiscard]] std::optional<load_action> take_load();
  /// The snapshot that was found. Where it is used, the stream is to be read behind its cursor; where it is of no
  /// use, from the beginning.
  [[nodiscard]] bool restore(const stored_snapshot& s);
  /// One record of the stream that is being loaded.
  void fold(const record& r);
  /// The stream was read to its end, or could not be read: then all that waits is answered with the error.
  void loaded(result<void> read);

  /// The next append to send, if any; each is answered by `appended`, in any order.
  [[nodiscard]] std::optional<append_action> take_append();
  void appended(ticket which, result<receipt> answer);

  /// A state of which a snapshot is due, if any, all of it durable.
  [[nodiscard]] snapshot_source take_snapshot() { return std::exchange(snapshot_, nullptr); }

  /// Somebody else changed the stream, which is at `seen` now or beyond: it is loaded again before the next command
  /// decides, unless the state is as far.
  void mark_stale(revision seen);

  /// Nothing waits and nothing is in flight.
  [[nodiscard]] bool idle() const noexcept { return waiting_.empty() && in_flight_.empty() && !loading_; }

private:
  struct command {
    decision decide;
    decision_answer answer;
    unsigned attempts = 0;
  };

  /// A command that has decided and waits for its answer to become true.
  struct decided {
    skald::pipeline::command command;
    pipeline::ticket ticket;
    std::optional<event_id> last_event; ///< of its append; none: it appends nothing
    skald::revision revision; ///< once it is done
    std::optional<result<receipt>> answer; ///< known, but not yet to be given
    std::optional<append_request> unsent;
    snapshot_source snapshot; ///< of the state as this command leaves it, where one is due
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
  std::unique_ptr<any_aggregate> state_; ///< null: cold
  std::optional<error> fold_error_;
  std::deque<command> waiting_;
  std::deque<decided> in_flight_; ///< in the order of their decisions
  ticket next_ticket_ = 1;
  skald::revision copied_; ///< of the last state that was copied for a snapshot, or was restored from one
  snapshot_source snapshot_;
  bool loading_ = false; ///< nothing is in flight meanwhile
  bool load_wanted_ = false;
  bool stale_ = false; ///< load again once nothing is in flight
  bool fallen_ = false; ///< an append was refused: nothing decides until the others in flight are answered
};

} // namespace skald
