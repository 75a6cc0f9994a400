#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// Lends readers, each to one caller at a time. It makes them on demand, and callers wait only while `most` are lent.
/// Thread-safe.
template <class Reader>
class reader_pool {
public:
  reader_pool(std::size_t most, std::function<std::unique_ptr<Reader>()> make) : most_{most}, make_{std::move(make)} {}

  /// Returns what `use(reader)` returns.
  template <class Use>
  auto with(Use use) -> decltype(use(std::declval<Reader&>())) {
    loan taken{*this};
    return use(*taken.lent);
  }

  /// Destroys the readers that are not lent.
  void clear() {
    std::vector<std::unique_ptr<Reader>> ended; // outlives the lock
    const std::lock_guard lock{mutex_};
    ended.swap(idle_);
  }

private:
  struct loan {
    explicit loan(reader_pool& from) : of{from}, lent{from.take()} {}
    ~loan() { of.give_back(std::move(lent)); }
    loan(const loan&) = delete;
    loan& operator=(const loan&) = delete;

    reader_pool& of;
    std::unique_ptr<Reader> lent;
  };

  std::unique_ptr<Reader> take() {
    std::unique_lock lock{mutex_};
    available_.wait(lock, [&] { return !idle_.empty() || lent_ < most_; });
    ++lent_;
    if (!idle_.empty()) {
      auto taken = std::move(idle_.back());
      idle_.pop_back();
      return taken;
    }
    lock.unlock();
    try {
      return make_();
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }

  void give_back(std::unique_ptr<Reader> lent) {
    {
      const std::lock_guard lock{mutex_};
      --lent_;
      if (lent) idle_.push_back(std::move(lent));
    }
    available_.notify_one();
  }

  std::size_t most_;
  std::function<std::unique_ptr<Reader>()> make_;
  std::mutex mutex_;
  std::condition_variable available_;
  std::vector<std::unique_ptr<Reader>> idle_;
  std::size_t lent_ = 0;
};

} // namespace skald::detail
