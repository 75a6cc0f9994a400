#pragma once

#include <skald/store/result.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

namespace skald::actors {

/// Bounds what is accepted and not finished yet, and lets a shutdown wait for it. Safe to use from several threads.
///
/// Senders ask here before they send, so that refusing costs no message.
class gate {
public:
  /// Room inside, given back when the pass goes. The gate outlives its passes.
  class pass {
  public:
    pass() = default;
    pass(pass&& other) noexcept : gate_{std::exchange(other.gate_, nullptr)}, amount_{other.amount_} {}
    pass& operator=(pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      std::swap(amount_, other.amount_);
      return *this;
    }
    ~pass() {
      if (gate_) gate_->leave(amount_);
    }
    pass(const pass&) = delete;
    pass& operator=(const pass&) = delete;

  private:
    friend class gate;
    pass(gate* home, std::size_t amount) : gate_{home}, amount_{amount} {}

    gate* gate_ = nullptr;
    std::size_t amount_ = 0;
  };

  /// `what` names in errors what is counted, such as "commands".
  gate(std::size_t capacity, const char* what) : capacity_{capacity}, what_{what} {}

  /// Lets `amount` in; something larger than the capacity gets in alone. Errors: `overloaded`, `stopped`.
  [[nodiscard]] result<pass> enter(std::size_t amount = 1);

  void open();
  /// Lets nobody in any more. Who is inside stays.
  void close();

  /// Blocks until nobody is inside; false where that takes longer than `patience`.
  bool wait_until_empty(std::chrono::milliseconds patience);

private:
  void leave(std::size_t amount);

  const std::size_t capacity_;
  const char* const what_;
  std::mutex mutex_;
  std::condition_variable emptied_;
  std::size_t inside_ = 0;
  bool open_ = true;
};

} // namespace skald::actors
