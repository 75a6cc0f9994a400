#pragma once

#include <skald/actors/node.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>
#include <tests/accounts.hpp>
#include <tests/store/contract.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// What the tests of the running system share.
namespace running {

using namespace accounts;
using namespace skald;

inline const stream_id ada{"account-ada"};
inline const stream_id bob{"account-bob"};

/// Runs `main` on a node and fails the test where it throws.
inline void run(node& n, std::function<task<void>()> main) {
  std::exception_ptr thrown;
  auto guarded = [&]() -> task<void> {
    try {
      co_await main();
    } catch (...) {
      thrown = std::current_exception();
    }
  };
  CHECK(n.run(guarded) == 0);
  if (thrown) std::rethrow_exception(thrown);
}

/// Lets everything else on the Asio thread have a turn.
inline task<void> turn() { co_await boost::asio::post(boost::asio::use_awaitable); }

/// The error a task ends with.
template <class T>
task<error> error_of(task<T> what) {
  try {
    co_await std::move(what);
  } catch (const failure& f) {
    co_return f.error();
  }
  co_return error{};
}

/// Starts tasks side by side on the awaiting coroutine's executor and waits for all. Answers their errors, in order.
inline task<std::vector<error>> all_of(std::vector<task<receipt>> tasks) {
  struct results {
    std::vector<error> errors;
    std::size_t left;
  };
  const auto all = std::make_shared<results>(results{std::vector<error>(tasks.size()), tasks.size()});
  const auto executor = co_await boost::asio::this_coro::executor;
  for (std::size_t i = 0; i < tasks.size(); ++i)
    boost::asio::co_spawn(executor, error_of(std::move(tasks[i])), [all, i](std::exception_ptr, error e) {
      all->errors[i] = std::move(e);
      --all->left;
    });
  while (all->left != 0) co_await turn();
  co_return all->errors;
}

/// Something that a handler can wait for and a test can open. For one thread.
class event_gate {
public:
  void open() { open_ = true; }
  task<void> passed() const {
    while (!open_) co_await turn();
  }

private:
  bool open_ = false;
};

} // namespace running
