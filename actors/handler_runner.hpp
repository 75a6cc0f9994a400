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

/// Runs one handler's coroutines on an Asio executor, which must be of one thread or a strand.
///
/// Runs that are given in one go cost one hop together where the handler does not suspend: a worker coroutine takes one
/// after the other, and starts a second worker before each, which finds work only if the first one got suspended. So up
/// to `max_workers` streams are handled side by side.
class handler_runner : public std::enable_shared_from_this<handler_runner> {
public:
  handler_runner(boost::asio::any_io_executor executor, handler what)
    : executor_{std::move(executor)}, handler_{std::move(what)} {}

  /// Takes deliveries, from any thread, and reports each of them.
  void enqueue(std::shared_ptr<const deliveries> what);

  /// Cancels what runs and abandons what waits, from any thread.
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
  bool worker_waits_ = false; ///< one was started and has not begun
  bool cancelled_ = false;
  delivery_report unsent_;
  std::shared_ptr<const deliveries> report_to_; ///< null: no report is due
};

} // namespace skald::actors
