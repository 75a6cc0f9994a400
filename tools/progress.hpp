#pragma once

#include "console.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace tools {

/// Says where errors are told how far a longer piece of work is: on a terminal in one line that is written over, else
/// in a line every ten seconds.
class progress {
public:
  /// `what` is done to events, such as "imported", or to other units.
  progress(std::string what, console& at, std::string unit = "event");
  /// Shows the last state on a terminal, and leaves the line.
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// `units` are done, which is `part` of the whole, or 0 where that is not known.
  void show(std::uint64_t units, double part);

private:
  using clock = std::chrono::steady_clock;
  void print();

  std::string what_;
  std::string unit_;
  console& at_;
  clock::time_point begun_ = clock::now();
  clock::time_point shown_ = begun_;
  std::uint64_t units_ = 0;
  double part_ = 0;
};

} // namespace tools
