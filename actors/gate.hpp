#pragma once

#include <skald/store/result.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

namespace skald::actors {

/// Limits how much work is accepted and not finished, and lets a shutdown wait for it. Thread-safe.
///
/// Senders enter before they send, so a refusal costs no message.
class gate {
public:
  /// The right to be inside. Its destructor leaves. The gate must outlive its passes.
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

  /// `what` is the unit of `capacity`, for error messages: "commands".
  gate(std::size_t capacity, const char* what) : capacity_{capacity}, what_{what} {}

  /// Enters with `amount`. An amount above the capacity may enter alone. Errors: `overloaded` without room, `stopped`
  /// while closed.
  [[nodiscard]] result<pass> enter(std::size_t amount = 1);

  void open();
  /// Refuses everything from now on. Passes that were given stay valid.
  void close();

  /// Blocks until nothing is inside. False if that takes longer than `patience`.
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
