#pragma once

#include "../files.hpp"
#include "number_set.hpp"
#include "request.hpp"
#include <skald/actors/node.hpp>

#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace tools {

/// Answers requests, one JSON object a line, by a node: many at the same time, each with one line that carries its
/// `req`.
///
/// Appends, hydrations, changes of relations and snapshots to keep are made in the order of their lines. Reads may
/// overtake them: who wants to read what was written waits for its answer. Answers come in any order.
class pipe_session : public std::enable_shared_from_this<pipe_session> {
public:
  /// Requests that may be under way, from the line to the written answer.
  static constexpr std::size_t most_requests = 1024;
  /// Memory for the line that is being read, the requests that are under way (`weight_of`) and their answers.
  static constexpr std::size_t most_bytes = std::size_t{256} << 20;

  /// Both have to outlive the session; nobody else writes to `out`. `on_closed` is called once where answers cannot be
  /// written any more, on any thread.
  pipe_session(skald::node& node, std::ostream& out, std::function<void()> on_closed);
  ~pipe_session();
  pipe_session(const pipe_session&) = delete;
  pipe_session& operator=(const pipe_session&) = delete;

  /// Hands a line over. Blocks while too much is under way. On one thread, while the node runs.
  void take(const line_reader::line& line);

  /// No line will come any more.
  void end();

  /// Ends when all that was taken is answered, if not written, and no line will come. Where it is cancelled, it calls
  /// `stop`, which sees to that. On the node's executor.
  skald::task<void> run(std::function<void()> stop);

  /// Blocks until all answers are written. Throws why they could not be, as `write_all` does.
  void finish();

private:
  skald::task<void> serve(std::shared_ptr<pipe_session> self, std::uint64_t number, operation what, std::size_t weight);
  /// Waits until a request of that weight may be under way, too. False where it is dropped.
  [[nodiscard]] bool enter(std::size_t weight);
  /// Waits until the only request that is being taken may weigh more.
  void grow(std::size_t by);
  [[nodiscard]] bool has_room(std::size_t bytes) const {
    return bytes_ + bytes + line_reader::most_line_bytes <= most_bytes;
  }
  void answer(std::string text, std::size_t weight);
  void write_answers();
  void wake();
  /// Whether what comes now is dropped.
  [[nodiscard]] bool is_closed() const { return stopped_ || output_error_; }

  skald::node& node_;
  std::ostream& out_;
  std::function<void()> on_closed_;
  boost::asio::steady_timer done_; ///< for the node's executor
  number_set used_; ///< for the thread that takes

  std::mutex mutex_; // of what follows
  std::condition_variable room_;
  std::condition_variable work_;
  std::size_t requests_ = 0; ///< under way
  std::size_t unanswered_ = 0; ///< of them
  std::size_t bytes_ = 0;
  std::vector<std::string> backlog_; ///< answers that are not written
  bool ended_ = false;
  bool stopped_ = false;
  bool finished_ = false;
  std::exception_ptr output_error_;

  std::thread writer_;
};

} // namespace tools
