#include <skald/store/postgres/watchdog.hpp>

#include <sys/socket.h>
#include <utility>

namespace skald::detail::postgres {

watchdog::watchdog(std::chrono::milliseconds deadline) : deadline_{deadline}, thread_{[this] { run(); }} {}

watchdog::~watchdog() {
  {
    const std::lock_guard lock{mutex_};
    end_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

watchdog::watch::watch(watchdog& dog, int socket) : dog_{dog} {
  const std::lock_guard lock{dog.mutex_};
  place_ = dog.watched_.insert(dog.watched_.end(), {steady::now() + dog.deadline_, socket});
  if (std::exchange(dog.asleep_, false)) dog.wake_.notify_one();
}

watchdog::watch::~watch() {
  const std::lock_guard lock{dog_.mutex_};
  dog_.watched_.erase(place_);
}

bool watchdog::watch::cut() const {
  const std::lock_guard lock{dog_.mutex_};
  return place_->cut;
}

void watchdog::run() {
  std::unique_lock lock{mutex_};
  while (!end_) {
    const auto now = steady::now();
    auto next = steady::time_point::max();
    for (auto& one : watched_) {
      if (one.cut) continue;
      if (one.deadline > now) {
        next = one.deadline;
        break;
      }
      one.cut = true;
      ::shutdown(one.socket, SHUT_RDWR);
    }
    asleep_ = next == steady::time_point::max();
    if (asleep_)
      wake_.wait(lock);
    else
      wake_.wait_until(lock, next);
  }
}

} // namespace skald::detail::postgres
