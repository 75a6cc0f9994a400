#pragma once

#include <skald/projection/task.hpp>
#include <skald/store/result.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace skald::actors {

/// Travels in a message and delivers its answer. Copies share one answer: the first `deliver` counts. If the last copy
/// is destroyed before that, the receiver gets `errc::broken_promise`. So an answer always comes, even from an actor
/// that ended or crashed. Thread-safe.
template <class T>
class promise {
public:
  /// Receives the answer. Called once, on the thread that delivers.
  using receiver = std::function<void(result<T>)>;

  promise() = default;
  explicit promise(receiver receive) : debt_{std::make_shared<debt>(std::move(receive))} {}

  void deliver(result<T> answer) const {
    if (debt_) debt_->settle(std::move(answer));
  }

  /// A function that delivers without being a copy. Does nothing if all copies are gone.
  [[nodiscard]] std::function<void(result<T>)> weak() const {
    return [debt = std::weak_ptr{debt_}](result<T> answer) {
      if (const auto still_owed = debt.lock()) still_owed->settle(std::move(answer));
    };
  }

private:
  class debt {
  public:
    explicit debt(receiver receive) : receive_{std::move(receive)} {}
    debt(const debt&) = delete;
    debt& operator=(const debt&) = delete;
    ~debt() {
      settle(error{errc::broken_promise, "whoever had to answer has ended without doing so; the outcome is not known",
                   outcome::unknown});
    }

    void settle(result<T> answer) {
      if (!settled_.exchange(true)) receive_(std::move(answer));
    }

  private:
    receiver receive_;
    std::atomic<bool> settled_{false};
  };

  std::shared_ptr<debt> debt_;
};

/// What `await_promise` does when its coroutine is cancelled: waits for the answer all the same, or gives up with
/// `errc::stopped`.
enum class on_cancel { wait, give_up };

/// Calls `start(promise<T>)` and awaits the answer.
///
/// Resumes on the executor of the awaiting coroutine, never on a thread of CAF. If that executor has stopped for good,
/// the answer is dropped.
template <class T, class Start>
task<result<T>> await_promise(Start start, on_cancel cancel = on_cancel::wait) {
  auto initiate = [&start, cancel](auto handler) {
    auto cancelled = boost::asio::get_associated_cancellation_slot(handler);
    auto executor = boost::asio::get_associated_executor(handler);
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    promise<T> owed{[waiting, executor, work = boost::asio::make_work_guard(executor)](result<T> answer) {
      boost::asio::post(executor, [waiting, answer = std::move(answer)]() mutable {
        auto resume = std::move(*waiting);
        std::move(resume)(std::move(answer));
      });
    }};
    if (cancel == on_cancel::give_up && cancelled.is_connected())
      cancelled.assign([give_up = owed.weak()](boost::asio::cancellation_type) {
        give_up(error{errc::stopped, "the waiting coroutine was cancelled", outcome::unknown});
      });
    start(std::move(owed));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(result<T>)>(
    initiate, boost::asio::use_awaitable);
}

} // namespace skald::actors
