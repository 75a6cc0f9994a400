#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// Cuts the connection of a statement that is not answered in time. libpq itself would wait for ever. Thread-safe.
class watchdog {
  using steady = std::chrono::steady_clock;
  struct statement_in_flight {
    steady::time_point deadline;
    int socket;
    bool cut = false;
  };
  using list = std::list<statement_in_flight>;

public:
  explicit watchdog(std::chrono::milliseconds deadline);
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  /// Watches a socket during its own lifetime. The socket must live longer.
  class watch {
  public:
    watch(watchdog& dog, int socket);
    ~watch();
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    /// Whether the watchdog has cut the connection.
    [[nodiscard]] bool cut() const;

  private:
    watchdog& dog_;
    list::iterator place_;
  };

private:
  void run();

  std::chrono::milliseconds deadline_;
  std::mutex mutex_;
  std::condition_variable wake_;
  list watched_; // in the order of their deadlines
  bool asleep_ = false; // until somebody wakes it
  bool end_ = false;
  std::thread thread_;
};

} // namespace skald::detail::postgres
