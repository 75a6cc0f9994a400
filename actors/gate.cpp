#include <skald/actors/gate.hpp>

namespace skald::actors {

result<gate::pass> gate::enter(std::size_t amount) {
  const std::lock_guard lock{mutex_};
  if (!open_) return error{errc::stopped, "the node is not running: nothing is accepted"};
  if (inside_ != 0 && inside_ + amount > capacity_)
    return error{errc::overloaded, "the node holds " + std::to_string(inside_) + " of at most " +
                                     std::to_string(capacity_) + " " + what_ + ": wait for answers and try again"};
  inside_ += amount;
  return pass{this, amount};
}

void gate::open() {
  const std::lock_guard lock{mutex_};
  open_ = true;
}

void gate::close() {
  const std::lock_guard lock{mutex_};
  open_ = false;
}

bool gate::wait_until_empty(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  return emptied_.wait_for(lock, patience, [&] { return inside_ == 0; });
}

void gate::leave(std::size_t amount) {
  const std::lock_guard lock{mutex_};
  inside_ -= amount;
  if (inside_ == 0) emptied_.notify_all();
}

} // namespace skald::actors
