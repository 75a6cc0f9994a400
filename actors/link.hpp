#pragma once

#include <skald/actors/caf.hpp>
#include <skald/actors/messages.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

/// Not for users, and not installed.
namespace skald::actors {

/// A handle that may outlive its actor and its actor system. After `cut`, messages are destroyed instead of sent.
/// Thread-safe.
template <class Handle>
class link {
public:
  link() = default; ///< leads nowhere until `attach`
  explicit link(Handle handle) : handle_{std::move(handle)} {}

  void attach(Handle handle) {
    const std::unique_lock lock{mutex_};
    handle_.emplace(std::move(handle));
  }

  /// False if the link leads nowhere. The message is destroyed then.
  template <class Message>
  bool send(Message message) const {
    const std::shared_lock lock{mutex_};
    if (handle_) actors::send(*handle_, std::move(message));
    return handle_.has_value();
  }

  void cut() {
    const std::unique_lock lock{mutex_};
    handle_.reset();
  }

  /// Ends the actor and cuts the link.
  void end() {
    const std::unique_lock lock{mutex_};
    if (handle_) send_exit(*handle_);
    handle_.reset();
  }

private:
  mutable std::shared_mutex mutex_;
  std::optional<Handle> handle_;
};

/// A promise whose answer continues inside the actor `to`: `then(result<T>)` runs in its context. It never runs if the
/// actor has ended.
template <class T, class Handle, class Then>
promise<T> answer_inside(const Handle& to, Then then) {
  return promise<T>{[to, then = std::move(then)](result<T> answer) {
    auto run = [then, answer = std::move(answer)]() mutable { then(std::move(answer)); };
    actors::send(to, resume{std::make_shared<std::function<void()>>(std::move(run))});
  }};
}

} // namespace skald::actors
