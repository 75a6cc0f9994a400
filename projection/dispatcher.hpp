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

/// A record on its way through a projection, as its dispatcher numbers them.
using ticket = std::uint64_t;

/// Records of one stream for one handler, to be handled one after the other.
struct delivery_run {
  struct item {
    skald::ticket ticket;
    std::size_t index; ///< in the page
  };
  std::vector<item> items;
};

/// What one handler may start with. The runs are of different streams and may go side by side.
struct assignment {
  std::size_t handler; ///< index into the dispatcher's handlers
  skald::delivery delivery;
  std::shared_ptr<const page> records;
  std::vector<delivery_run> runs;
};

/// What became of deliveries to one handler.
struct delivery_report {
  std::size_t handler = 0;
  std::vector<ticket> done;
  std::vector<ticket> abandoned;
  std::vector<std::pair<ticket, error>> failed;
};

/// Decides which handler may start with which record of a projection, and how far everything is handled.
///
/// Plain code without threads and without time: the projector actor feeds it pages and completions, and carries out
/// what it answers. A stream's next record starts when all handlers of the one before are done; different streams go
/// side by side. Consecutive records of a stream that the same single handler wants are handed over as one run. Not
/// thread-safe. Every call costs in proportion to the records it is about.
class dispatcher {
public:
  struct handler_info {
    std::string id;
    handler_kind kind;
    std::string type;
  };

  /// Starts behind `start.handled`. `once` handlers skip what `start.completions` says they are done with.
  dispatcher(std::vector<handler_info> handlers, checkpoint start);

  /// Takes the next page. Precondition: positions go on where the last page ended.
  void offer(std::shared_ptr<const page> records);

  /// What may start now; each is answered by `done` or `failed` for every item. Nothing once a handler has failed.
  [[nodiscard]] std::vector<assignment> take_ready();

  /// A handler is done with a record.
  void done(std::size_t handler, ticket which);

  /// A handler threw: the record stays unhandled, and nothing starts any more. What is running may still end.
  void failed(std::size_t handler, ticket which);

  /// The record of an unfinished ticket.
  [[nodiscard]] std::shared_ptr<const record> record_of(ticket which) const;

  /// A record that was handed over will not be handled, for the projection is ending.
  void abandoned(ticket which);

  /// Everything up to here is handled.
  [[nodiscard]] position handled() const noexcept { return handled_; }

  /// Everything up to here was offered.
  [[nodiscard]] position offered() const noexcept { return offered_; }

  /// Records that were offered and lie above the checkpoint; one that does not end holds all behind it.
  [[nodiscard]] std::size_t window_records() const noexcept { return offered_.value - handled_.value; }

  /// About the bytes of the pages that are not handled whole: what memory is bounded by.
  [[nodiscard]] std::size_t window_bytes() const noexcept { return window_bytes_; }

  /// Deliveries that were handed over and are not answered.
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

  /// What has to become durable, or none where nothing is new since the last call.
  [[nodiscard]] std::optional<checkpoint_update> take_update(const std::string& projection);

private:
  struct work {
    skald::position position;
    std::size_t index;
    std::shared_ptr<const page> records; ///< null once finished
    skald::delivery delivery;
    bool handed_over = false;
    std::size_t unanswered = 0; ///< handlers that are not done
    ticket next_of_stream = 0; ///< 0 for none
  };

  work& at(ticket which) { return works_[which - first_ticket_]; }
  [[nodiscard]] bool owed(std::size_t handler, skald::delivery how, position where) const;
  /// Calls `visit` with each handler that the record is for, but those that were done before the start.
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
  std::deque<work> works_; ///< in order of position; the first one's ticket is `first_ticket_`
  ticket first_ticket_ = 1;
  std::unordered_map<stream_id, ticket> lanes_; ///< the newest unfinished record of each stream
  std::vector<ticket> ready_;
  std::deque<std::pair<position, std::size_t>> pages_; ///< where each page ends, and its bytes
  std::size_t window_bytes_ = 0;
  std::size_t running_ = 0;
  bool stopped_ = false;
};

} // namespace skald
