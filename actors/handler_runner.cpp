#include <skald/actors/handler_runner.hpp>

#include <skald/store/quoted.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>

namespace skald::actors {

namespace {

/// The error of a handler that threw: `stopped` if the ending node refused it something, else `handler_failed`.
error what_was_thrown(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const failure& f) {
    return {f.code() == errc::stopped ? errc::stopped : errc::handler_failed, f.what()};
  } catch (const std::exception& e) {
    return {errc::handler_failed, e.what()};
  } catch (...) {
    return {errc::handler_failed, "something that is no std::exception"};
  }
}

} // namespace

void handler_runner::enqueue(std::shared_ptr<const deliveries> what) {
  boost::asio::post(executor_, [self = shared_from_this(), what = std::move(what)] {
    for (std::size_t i = 0; i < what->records.runs.size(); ++i) self->queue_.push_back({what, i});
    self->start_worker();
  });
}

void handler_runner::cancel() {
  boost::asio::post(executor_, [self = shared_from_this()] {
    self->cancelled_ = true;
    for (auto& worker : self->workers_) worker.emit(boost::asio::cancellation_type::terminal);
    self->start_worker(); // it abandons the runs that wait
  });
}

void handler_runner::start_worker() {
  if (queue_.empty() || worker_waits_ || workers_.size() >= max_workers) return;
  worker_waits_ = true;
  // Posted, because co_spawn would run it at once, inside the worker that starts it.
  boost::asio::post(executor_, [self = shared_from_this()] {
    self->worker_waits_ = false;
    const auto signal = self->workers_.emplace(self->workers_.end());
    auto ended = [self, signal](const std::exception_ptr&) {
      self->workers_.erase(signal);
      self->start_worker(); // for runs that came while all workers were busy
    };
    boost::asio::co_spawn(self->executor_, self->work(),
                          boost::asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
  });
}

task<void> handler_runner::work() {
  const auto self = shared_from_this();
  while (!queue_.empty()) {
    auto next = std::move(queue_.front());
    queue_.pop_front();
    if (cancelled_) { // no co_await: it would throw
      abandon(next, 0);
      continue;
    }
    start_worker();
    co_await handle(std::move(next));
  }
}

task<void> handler_runner::handle(waiting_run run) {
  const auto& records = run.what->records;
  const auto& items = records.runs[run.index].items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (cancelled_) co_return abandon(run, i);
    const std::shared_ptr<const record> r{records.records, &records.records->records[items[i].index]};
    std::exception_ptr thrown;
    try {
      co_await handler_.run(r, records.delivery);
    } catch (...) {
      thrown = std::current_exception();
    }
    report_soon(run.what);
    if (!thrown) {
      unsent_.done.push_back(items[i].ticket);
      continue;
    }
    if (cancelled_) co_return abandon(run, i);
    auto why = what_was_thrown(thrown);
    why.message = "handler " + skald::detail::in_quotes(handler_.id) + " failed at position " +
                  std::to_string(r->position.value) + " (stream " + skald::detail::in_quotes(r->stream.str()) +
                  ", event " + r->id.str() + "): " + why.message;
    unsent_.failed.emplace_back(items[i].ticket, std::move(why));
    co_return abandon(run, i + 1); // later records of the stream wait for this one
  }
}

void handler_runner::abandon(const waiting_run& run, std::size_t from) {
  const auto& items = run.what->records.runs[run.index].items;
  for (auto i = from; i < items.size(); ++i) unsent_.abandoned.push_back(items[i].ticket);
  report_soon(run.what);
}

void handler_runner::report_soon(const std::shared_ptr<const deliveries>& to) {
  if (std::exchange(report_to_, to)) return;
  // Posted, so that one report covers everything that ends before it is sent.
  boost::asio::post(executor_, [self = shared_from_this()] { self->flush_reports(); });
}

void handler_runner::flush_reports() {
  unsent_.handler = report_to_->records.handler;
  std::exchange(report_to_, nullptr)->report(std::exchange(unsent_, {}));
}

} // namespace skald::actors
