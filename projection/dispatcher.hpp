#pragma once

#include <skald/projection/delivery.hpp>
#include <skald/store/checkpoint.hpp>
#include <skald/store/query.hpp>
#include <skald/store/result.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace skald {

/// The number of a record on its way through a dispatcher.
using ticket = std::uint64_t;

/// Records of one stream for one handler, to be handled in order.
struct delivery_run {
  struct item {
    skald::ticket ticket;
    std::size_t index; ///< in the page
  };
  std::vector<item> items;
};

/// Records that one handler may start with. The runs belong to different streams and may run concurrently.
struct assignment {
  std::size_t handler; ///< index into the dispatcher's handlers
  skald::delivery delivery;
  std::shared_ptr<const page> records;
  std::vector<delivery_run> runs;
};

/// The outcome of deliveries to one handler.
struct delivery_report {
  std::size_t handler = 0;
  std::vector<ticket> done;
  std::vector<ticket> abandoned;
  std::vector<std::pair<ticket, error>> failed;
};

/// Decides which handler may start with which record of a projection, and how far everything is handled.
///
/// A stream's next record starts when all handlers of the previous one are done. Different streams run concurrently.
/// Consecutive records of a stream that one and the same handler wants alone are handed over as one run.
///
/// Plain code without threads and clocks; `projection_run` drives it. Not thread-safe. The cost of a call grows with
/// the records it is about.
class dispatcher {
public:
  struct handler_info {
    std::string id;
    handler_kind kind;
    std::string type;
  };

  /// Starts after `start.handled`. `once` handlers skip the records in `start.completions`.
  dispatcher(std::vector<handler_info> handlers, checkpoint start);

  /// Adds the next page. Precondition: its positions follow those of the last page.
  void offer(std::shared_ptr<const page> records);

  /// The records that may start now. Report each item with `done`, `failed` or `abandoned`. Nothing after a failure.
  [[nodiscard]] std::vector<assignment> take_ready();

  /// Reports that a handler is done with a record.
  void done(std::size_t handler, ticket which);

  /// Reports that a handler threw. The record stays unhandled, and nothing else starts. Running handlers may still end.
  void failed(std::size_t handler, ticket which);

  /// The record of a ticket. Precondition: it is not finished.
  [[nodiscard]] std::shared_ptr<const record> record_of(ticket which) const;

  /// Reports that a record was handed over and will not be handled.
  void abandoned(ticket which);

  /// The position up to which everything is handled: the checkpoint.
  [[nodiscard]] position handled() const noexcept { return handled_; }

  /// The position up to which everything was offered.
  [[nodiscard]] position offered() const noexcept { return offered_; }

  /// The number of offered records above the checkpoint. One record that does not end keeps all later ones in here.
  [[nodiscard]] std::size_t window_records() const noexcept { return offered_.value - handled_.value; }

  /// The approximate bytes of the pages that are not handled completely. These are in memory.
  [[nodiscard]] std::size_t window_bytes() const noexcept { return window_bytes_; }

  /// The number of deliveries that were handed over and not reported yet.
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

  /// The progress to save. None if there is no progress since the last call.
  [[nodiscard]] std::optional<checkpoint_update> take_update(const std::string& projection);

private:
  struct work {
    skald::position position;
    std::size_t index;
    std::shared_ptr<const page> records; ///< null once finished
    skald::delivery delivery;
    bool handed_over = false;
    std::size_t unanswered = 0; ///< the number of handlers that are not done
    ticket next_of_stream = 0; ///< 0 for none
  };

  work& at(ticket which) { return works_[which - first_ticket_]; }
  [[nodiscard]] bool owed(std::size_t handler, skald::delivery how, position where) const;
  /// Calls `visit` with each handler that gets the record and was not done with it before the start.
  template <class Visit>
  void for_each_owed(const record& r, skald::delivery how, Visit visit) const;
  void hand_over(ticket which, std::vector<assignment>& out);
  void finish(work& w);
  void advance();

  std::vector<handler_info> handlers_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_type_;
  position fresh_from_;
  position handled_;
  position offered_;
  position saved_;
  std::vector<completion> known_; ///< from before the start, ordered
  std::vector<std::pair<position, std::size_t>> new_completions_;
  std::deque<work> works_; ///< by position; the first one's ticket is `first_ticket_`
  ticket first_ticket_ = 1;
  std::unordered_map<stream_id, ticket> lanes_; ///< the newest unfinished record of each stream
  std::vector<ticket> ready_;
  std::deque<std::pair<position, std::size_t>> pages_; ///< where each page ends, and its bytes
  std::size_t window_bytes_ = 0;
  std::size_t running_ = 0;
  bool stopped_ = false;
};

} // namespace skald
