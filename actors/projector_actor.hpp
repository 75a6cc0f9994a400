#pragma once

#include <skald/actors/handler_actor.hpp>
#include <skald/actors/interfaces.hpp>
#include <skald/actors/link.hpp>
#include <skald/actors/store_client.hpp>
#include <skald/actors/timers.hpp>
#include <skald/projection/dispatcher.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skald::actors {

/// What a projector is made with.
struct projector_setup {
  std::string name;
  std::optional<position> fresh_from;
  std::vector<handler> handlers;
  std::shared_ptr<const store_client> store;
  boost::asio::any_io_executor executor;
  /// Told, on any thread, of a handler that failed, with its record, or of the projection itself, without one.
  std::function<void(const error&, const record*)> on_error;
};

/// Follows the store for one named projection: reads pages from its checkpoint on, fans their records out to handler
/// actors as its dispatcher says, and makes the progress durable.
///
/// A handler that throws stops the projection at its record: what runs may end, nothing else starts, and the checkpoint
/// stays in front of the record, so that it comes again when the projection is started the next time.
class projector_behavior {
public:
  static constexpr const char* name = "skald.projector";

  projector_behavior(projector_actor::pointer self, std::shared_ptr<const projector_setup> setup);
  ~projector_behavior();
  projector_behavior(const projector_behavior&) = delete;
  projector_behavior& operator=(const projector_behavior&) = delete;

  projector_actor::behavior_type make_behavior();

private:
  // What may lie in memory above the checkpoint before no further page is read.
  static constexpr std::size_t window_records = 4 * limits::page_records;
  static constexpr std::size_t window_bytes = 4 * limits::page_bytes;

  /// What happens once nothing runs, is read or is saved any more.
  using pause = std::function<void()>;

  struct waiter {
    promise<void> answer;
    std::chrono::steady_clock::time_point deadline;
  };

  void start(const checkpoint& from);
  void drive();
  void hand_out();
  void read();
  [[nodiscard]] std::optional<checkpoint_update> take_update();
  void save();
  void answer_waiters();
  void report(const delivery_report& report);
  void stop(error why, const record* r);
  void begin_replay(const replay& message);
  void end_replay(const promise<void>& answer, const result<void>& outcome);
  void expire_waiters();
  void finish_halt();
  [[nodiscard]] error ending() const;
  void wake_at(std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] bool quiet() const { return !reading_ && !saving_ && (!dispatcher_ || dispatcher_->running() == 0); }
  [[nodiscard]] bool may_start() const { return dispatcher_ && awake_ && !replaying_ && !halting_ && !stopped_by_; }

  template <class T, class Then>
  promise<T> inside(Then then) {
    return answer_inside<T>(projector_actor{self_}, std::move(then));
  }

  projector_actor::pointer self_;
  std::shared_ptr<const projector_setup> setup_;
  std::shared_ptr<link<projector_actor>> me_;
  std::vector<std::shared_ptr<handler_runner>> runners_;
  std::vector<std::function<void(delivery, std::shared_ptr<const deliveries>)>> deliver_; ///< to each handler's actor
  std::vector<std::function<void()>> end_handlers_;

  std::optional<dispatcher> dispatcher_; ///< none until registered
  position head_; ///< of the store, as far as it is known
  bool awake_ = false;
  bool reading_ = false;
  bool saving_ = false;
  bool replaying_ = false; ///< from the message to the first delivery
  bool halting_ = false;
  pause when_quiet_; ///< a replay that waits
  std::function<void()> refuse_replay_; ///< while it waits
  std::vector<promise<void>> halts_; ///< who waits for the end
  std::optional<checkpoint_update> unsaved_; ///< what could not be saved; tried once more at the end
  std::optional<error> save_error_;
  std::optional<error> stopped_by_;
  std::multimap<position, waiter> waiters_;
  timers timers_; ///< for waiters
};

} // namespace skald::actors
