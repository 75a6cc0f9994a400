#include <skald/actors/promise.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <thread>
#include <vector>

using namespace skald;
using actors::promise;

TEST_CASE("the first answer counts") {
  std::vector<result<int>> got;
  const promise<int> p{[&](result<int> r) { got.push_back(std::move(r)); }};
  const auto copy = p; // NOLINT(performance-unnecessary-copy-initialization)
  p.deliver(1);
  copy.deliver(2);
  REQUIRE(got.size() == 1);
  CHECK(got[0].value() == 1);
}

TEST_CASE("a promise that is dropped is answered with a broken promise, when its last copy goes") {
  std::vector<result<int>> got;
  {
    const promise<int> p{[&](result<int> r) { got.push_back(std::move(r)); }};
    {
      const auto copy = p; // NOLINT(performance-unnecessary-copy-initialization)
    }
    CHECK(got.empty());
  }
  REQUIRE(got.size() == 1);
  CHECK(got[0].error().code == errc::broken_promise);
  CHECK(got[0].error().outcome == outcome::unknown);
}

TEST_CASE("a coroutine resumes on its own executor, whichever thread answers") {
  boost::asio::io_context context;
  std::thread answering;
  int got = 0;
  std::thread::id resumed_on;
  auto main = [&]() -> task<void> {
    auto start = [&](promise<int> p) { answering = std::thread{[p] { p.deliver(7); }}; };
    got = (co_await actors::await_promise<int>(start)).value();
    resumed_on = std::this_thread::get_id();
  };
  boost::asio::co_spawn(context, main, [](std::exception_ptr) {});
  context.run();
  answering.join();
  CHECK(got == 7);
  CHECK(resumed_on == std::this_thread::get_id());
}

TEST_CASE("an answer whose executor has stopped is dropped") {
  promise<int> kept;
  bool resumed = false;
  {
    boost::asio::io_context context;
    auto start = [&](promise<int> p) { kept = std::move(p); };
    auto main = [&]() -> task<void> {
      (void)co_await actors::await_promise<int>(start);
      resumed = true;
    };
    boost::asio::co_spawn(context, main, [](std::exception_ptr) {});
    context.poll();
    kept.deliver(1);
    kept = {};
  }
  CHECK_FALSE(resumed);
}
