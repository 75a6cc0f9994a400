#pragma once

#include <skald/actors/messages.hpp>
#include <skald/projection/handler.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <utility>

namespace skald::actors {

/// Runs the coroutines of one handler on an Asio executor. Precondition: the executor is a strand or has one thread.
///
/// Up to `max_workers` streams are handled concurrently. Worker coroutines take one run after the other from a queue.
/// Before each run a worker starts a second one, which finds work only if the first is suspended. So all runs of one
/// `enqueue` cost one hop together if the handler does not suspend.
class handler_runner : public std::enable_shared_from_this<handler_runner> {
public:
  handler_runner(boost::asio::any_io_executor executor, handler what)
    : executor_{std::move(executor)}, handler_{std::move(what)} {}

  /// Adds deliveries. Reports each of them when it has ended. Thread-safe.
  void enqueue(std::shared_ptr<const deliveries> what);

  /// Cancels the handlers that run and abandons the deliveries that wait. Thread-safe.
  void cancel();

private:
  static constexpr std::size_t max_workers = 64;

  struct waiting_run {
    std::shared_ptr<const deliveries> what;
    std::size_t index;
  };

  void start_worker();
  task<void> work();
  task<void> handle(waiting_run run);
  void abandon(const waiting_run& run, std::size_t from);
  void report_soon(const std::shared_ptr<const deliveries>& to);
  void flush_reports();

  boost::asio::any_io_executor executor_;
  handler handler_;
  std::deque<waiting_run> queue_;
  std::list<boost::asio::cancellation_signal> workers_;
  bool worker_waits_ = false; ///< a worker was started and has not begun
  bool cancelled_ = false;
  delivery_report unsent_;
  std::shared_ptr<const deliveries> report_to_; ///< null if no report is due
};

} // namespace skald::actors
