#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace fines {

/// Says how far a longer piece of work is, on standard error: on a terminal in one line that is written over, else in a
/// line for every tenth of the work, and every two seconds.
class progress {
public:
  /// `done` of them were done before.
  progress(std::string what, std::size_t total, std::size_t done = 0);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Another `count` are done.
  void add(std::size_t count = 1);

private:
  using clock = std::chrono::steady_clock;
  [[nodiscard]] std::size_t tenths() const;
  void print();

  std::string what_;
  std::size_t total_;
  std::size_t done_;
  std::size_t shown_tenths_ = 0;
  bool terminal_;
  clock::time_point shown_at_ = clock::now();
};

} // namespace fines
