#include <skald/actors/handler_runner.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

using namespace skald;
using namespace skald::actors;

namespace {

/// A point where coroutines wait until it opens.
class barrier {
public:
  explicit barrier(boost::asio::io_context& context) : timer_{context, std::chrono::steady_clock::time_point::max()} {}
  task<void> wait() {
    boost::system::error_code ignored;
    if (!open_) co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  void open() {
    open_ = true;
    timer_.cancel();
  }

private:
  boost::asio::steady_timer timer_;
  bool open_ = false;
};

/// One `on` handler with its runner, on an executor of one thread that ends when nothing is left to do.
class runner_test {
public:
  using body = std::function<task<void>(std::shared_ptr<const record>)>;

  explicit runner_test(body run)
    : runner_{std::make_shared<handler_runner>(context.get_executor(),
                                               handler{"on:tick", handler_kind::on, "tick", 1,
                                                       [run = std::move(run)](auto r, delivery) { return run(r); }})} {}

  /// Hands over `count` records, each of a stream of its own unless `one_stream`; their tickets go on counting.
  void enqueue(std::size_t count, bool one_stream = false) {
    auto records = std::make_shared<page>();
    records->records.resize(count);
    auto what = std::make_shared<deliveries>();
    what->records = {0, delivery::fresh, records, std::vector<delivery_run>(one_stream ? 1 : count)};
    for (std::size_t i = 0; i < count; ++i) what->records.runs[one_stream ? 0 : i].items.push_back({next_ticket_++, i});
    what->report = [this](const delivery_report& report) {
      done.insert(done.end(), report.done.begin(), report.done.end());
      abandoned.insert(abandoned.end(), report.abandoned.begin(), report.abandoned.end());
      for (const auto& [which, why] : report.failed) {
        failed.push_back(which);
        words = why.message;
      }
    };
    runner_->enqueue(what);
  }

  void cancel() { runner_->cancel(); }
  void run() { context.run(); }

  boost::asio::io_context context;
  barrier gate{context};
  std::vector<ticket> done;
  std::vector<ticket> abandoned;
  std::vector<ticket> failed;
  std::string words; ///< of the last failure

private:
  ticket next_ticket_ = 1;
  std::shared_ptr<handler_runner> runner_;
};

std::vector<ticket> up_to(std::size_t last) {
  std::vector<ticket> all(last);
  std::iota(all.begin(), all.end(), ticket{1});
  return all;
}

std::vector<ticket> sorted(std::vector<ticket> tickets) {
  std::ranges::sort(tickets);
  return tickets;
}

} // namespace

TEST_CASE("deliveries that come while the workers end are handled") {
  runner_test* test = nullptr;
  std::size_t more = 10;
  runner_test t{[&](auto) -> task<void> {
    // It is taken in behind the last of what runs and before a worker's end is noticed.
    if (more > 0) {
      --more;
      test->enqueue(500);
    }
    co_return;
  }};
  test = &t;
  t.enqueue(500);
  t.run();
  CHECK(sorted(t.done) == up_to(11 * 500));
}

TEST_CASE("streams are handled side by side, 64 of them, and what waits takes the place of what ends") {
  std::size_t now = 0;
  std::size_t most = 0;
  runner_test* test = nullptr;
  runner_test t{[&](auto) -> task<void> {
    most = std::max(most, ++now);
    if (now == 64) boost::asio::post(test->context, [&] { test->gate.open(); });
    co_await test->gate.wait();
    --now;
  }};
  test = &t;
  t.enqueue(200);
  t.run();
  CHECK(most == 64);
  CHECK(sorted(t.done) == up_to(200));
}

TEST_CASE("the records of one stream are handled one after the other") {
  std::size_t now = 0;
  std::size_t most = 0;
  runner_test t{[&](auto) -> task<void> {
    most = std::max(most, ++now);
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    --now;
  }};
  t.enqueue(20, true);
  t.run();
  CHECK(most == 1);
  CHECK(t.done == up_to(20));
}

TEST_CASE("behind a record whose handler throws, the rest of its stream is abandoned and other streams go on") {
  std::size_t calls = 0;
  runner_test t{[&](auto) -> task<void> {
    if (++calls == 2) throw std::runtime_error{"no ink"};
    co_return;
  }};
  t.enqueue(4, true);
  t.enqueue(2);
  t.run();
  CHECK(t.done == std::vector<ticket>{1, 5, 6});
  CHECK(t.failed == std::vector<ticket>{2});
  CHECK(t.abandoned == std::vector<ticket>{3, 4});
  CHECK(t.words.find("handler 'on:tick' failed") == 0);
  CHECK(t.words.find("no ink") != std::string::npos);
}

TEST_CASE("a handler may throw what is no exception") {
  runner_test t{[](auto) -> task<void> {
    throw 7;
    co_return;
  }};
  t.enqueue(1);
  t.run();
  CHECK(t.failed == std::vector<ticket>{1});
  CHECK(t.words.find("something that is no std::exception") != std::string::npos);
}

TEST_CASE("cancelling ends what waits inside a handler and abandons what has not begun") {
  runner_test* test = nullptr;
  std::size_t begun = 0;
  runner_test t{[&](auto) -> task<void> {
    if (++begun == 64) test->cancel();
    boost::asio::steady_timer never{co_await boost::asio::this_coro::executor,
                                    std::chrono::steady_clock::time_point::max()};
    co_await never.async_wait(boost::asio::use_awaitable);
  }};
  test = &t;
  t.enqueue(100);
  t.run();
  CHECK(begun == 64);
  CHECK(t.done.empty());
  CHECK(t.failed.empty());
  CHECK(sorted(t.abandoned) == up_to(100));
}

TEST_CASE("a handler that ignores that it is cancelled may finish, and nothing starts behind it") {
  runner_test* test = nullptr;
  std::size_t begun = 0;
  runner_test t{[&](auto) -> task<void> {
    ++begun;
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    test->cancel();
    boost::asio::post(test->context, [&] { test->gate.open(); });
    co_await test->gate.wait();
  }};
  test = &t;
  t.enqueue(3, true);
  t.run();
  CHECK(begun == 1);
  CHECK(t.done == std::vector<ticket>{1});
  CHECK(t.abandoned == std::vector<ticket>{2, 3});
}
