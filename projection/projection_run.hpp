#pragma once

#include <skald/projection/dispatcher.hpp>
#include <skald/store/checkpoint.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/query.hpp>
#include <skald/store/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace skald {

/// The phase of a projection's life.
///
/// A projection is registering, then live. An error makes it stopped. A replay, of a live or a stopped one, makes it
/// quiescing, replaying, then live again. When the node ends it is halting, after a replay that has begun.
enum class projection_phase : std::uint8_t {
  registering,          ///< waits for its checkpoint
  live,                 ///< reads and delivers
  stopped,              ///< starts nothing after an error, but saves the progress of handlers that still run
  quiescing,            ///< waits, before a replay, until nothing is running, being read or being saved
  replaying,            ///< rewinds the checkpoint, then resets the read model
  halting_after_replay, ///< the same, while the node ends
  halting,              ///< starts nothing while the node ends, and answers when everything has ended
};

/// Decides when a projection reads, delivers, saves, replays and ends.
///
/// Each member function reports an event and returns the actions that follow. Carry them out in their order; the
/// projector actor does that. Not thread-safe. Plain code without threads, clocks and actors.
///
/// The cost of a call grows with the records it is about, and that of `woken` with the callers of `reach` that wait.
class projection_run {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Receives an answer, once.
  using reply = std::function<void(result<void>)>;

  /// Hand `records.runs` to the handler with the index `records.handler`. Report each item with `handled`.
  struct deliver_action {
    assignment records;
  };

  /// Read the next page of records after this position. Report it with `page_read`.
  struct read_action {
    position after;
  };

  /// Save this progress. Report the outcome with `saved`.
  struct save_action {
    checkpoint_update update;
  };

  /// Save `unsaved`, if any, then rewind the checkpoint to `to`. Report the outcome with `rewound`.
  struct rewind_action {
    position to;
    std::optional<checkpoint_update> unsaved;
  };

  /// Call this function of the user's, unless it is empty. Report the outcome with `reset_done`.
  struct reset_action {
    std::function<void()> reset;
  };

  /// Cancel the handlers that run.
  struct cancel_action {};

  /// Report this error to the user. `at` is the record that a handler failed at, or null.
  struct report_action {
    error why;
    std::shared_ptr<const record> at;
  };

  /// Call `to(what)`.
  struct answer_action {
    reply to;
    result<void> what;
  };

  /// Call `woken` at this time or soon after.
  struct wake_action {
    time_point at;
  };

  using action = std::variant<deliver_action, read_action, save_action, rewind_action, reset_action, cancel_action,
                              report_action, answer_action, wake_action>;
  using actions = std::vector<action>;

  /// The limits of records above the checkpoint in memory. At a limit, no further page is read.
  static constexpr std::size_t window_records = 4 * limits::page_records;
  static constexpr std::size_t window_bytes = 4 * limits::page_bytes;

  projection_run(std::string name, std::vector<dispatcher::handler_info> handlers)
    : name_{std::move(name)}, handlers_{std::move(handlers)} {}

  /// The store, whose head is `head`, has registered the projection and returned its checkpoint, or an error.
  [[nodiscard]] actions registered(result<checkpoint> from, position head);

  /// The store has grown to `head`. The first call starts the reading.
  [[nodiscard]] actions committed(position head);

  [[nodiscard]] actions page_read(result<page> records);
  [[nodiscard]] actions handled(const delivery_report& report);
  [[nodiscard]] actions saved(const result<void>& outcome);

  /// A caller waits until everything up to `target` is handled. Errors: `timeout` at `deadline`, the error that stops
  /// the projection, `stopped` when the node ends. Nothing is reached between `replay` and its answer.
  [[nodiscard]] actions reach(position target, time_point deadline, reply to);

  /// A caller wants everything after `from` delivered again, as hydrated. Answered when the checkpoint is rewound and
  /// `reset` was called, before the first delivery. Errors: `rejected` until another replay is answered, `stopped` when
  /// the node ends, those of `rewound` and `reset_done`.
  [[nodiscard]] actions replay(position from, std::function<void()> reset, reply to);
  [[nodiscard]] actions rewound(result<checkpoint> to);
  [[nodiscard]] actions reset_done(const result<void>& outcome);

  /// The node ends. Answered when no handler runs and progress is saved, or with the error if it cannot be saved.
  /// Handlers that still run at the `deadline` of the first call are cancelled. May be called again.
  [[nodiscard]] actions halt(time_point deadline, reply to);

  /// It is `now`.
  [[nodiscard]] actions woken(time_point now);

  [[nodiscard]] projection_phase phase() const noexcept { return phase_; }

private:
  struct waiter {
    reply to;
    time_point deadline;
  };

  struct replay_request {
    position from;
    std::function<void()> reset;
    reply to;
    std::optional<checkpoint_update> unsaved; ///< saved together with the rewinding
    checkpoint start; ///< once it is rewound
  };

  [[nodiscard]] actions drive();
  void start(checkpoint from);
  void read_more();
  void save();
  void answer_waiters();
  void when_quiet();
  void stop(const error& why, std::shared_ptr<const record> at = {});
  void end_replay(const result<void>& outcome);
  void answer(const reply& to, result<void> what) { actions_.emplace_back(answer_action{to, std::move(what)}); }
  [[nodiscard]] std::optional<checkpoint_update> take_update();
  [[nodiscard]] error ending() const;
  [[nodiscard]] error late(position target) const;
  [[nodiscard]] bool is_halting() const noexcept { return phase_ >= projection_phase::halting_after_replay; }

  std::string name_;
  std::vector<dispatcher::handler_info> handlers_;
  projection_phase phase_ = projection_phase::registering;
  actions actions_; ///< of the call that is under way
  std::optional<dispatcher> dispatcher_; ///< none until registered
  position head_; ///< of the store, as far as it is known
  bool awake_ = false;
  bool reading_ = false;
  std::optional<checkpoint_update> saving_;
  std::optional<checkpoint_update> unsaved_; ///< could not be saved; tried again with a replay, or once at the end
  bool last_save_tried_ = false;
  std::optional<error> save_error_;
  std::optional<error> stopped_by_;
  std::optional<replay_request> replay_;
  std::multimap<position, waiter> waiters_;
  std::vector<reply> halts_;
  std::optional<time_point> cancel_at_;
};

} // namespace skald
