#include "progress.hpp"

#include "money.hpp"

#include <unistd.h>

#include <iostream>
#include <utility>

namespace fines {

progress::progress(std::string what, std::size_t total)
  : what_{std::move(what)}, total_{total}, terminal_{::isatty(STDERR_FILENO) == 1} {
  if (total_ != 0) print();
}

progress::~progress() {
  if (total_ == 0 || !terminal_) return;
  print();
  std::cerr << '\n';
}

void progress::add(std::size_t count) {
  done_ += count;
  const auto tenths = total_ == 0 ? 0 : done_ * 10 / total_;
  const auto pause = terminal_ ? clock::duration{std::chrono::milliseconds{50}} : std::chrono::seconds{2};
  const auto now = clock::now();
  if (now - shown_at_ < pause && (terminal_ || tenths == shown_tenths_)) return;
  shown_tenths_ = tenths;
  shown_at_ = now;
  print();
}

void progress::print() {
  const auto text = what_ + ' ' + grouped(static_cast<std::int64_t>(done_)) + " of " +
                    grouped(static_cast<std::int64_t>(total_)) + " events";
  if (terminal_)
    std::cerr << '\r' << text << "\033[K" << std::flush;
  else
    std::cerr << text + '\n';
}

} // namespace fines
