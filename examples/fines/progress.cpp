#include "money.hpp"
#include "progress.hpp"

#include <iostream>
#include <unistd.h>
#include <utility>

namespace fines {

progress::progress(std::string what, std::size_t total, std::size_t done)
  : what_{std::move(what)}, total_{total}, done_{done}, terminal_{::isatty(STDERR_FILENO) == 1} {
  shown_tenths_ = tenths();
  if (done_ != total_) print();
}

progress::~progress() {
  if (total_ == 0 || !terminal_) return;
  print();
  std::cerr << '\n';
}

void progress::add(std::size_t count) {
  done_ += count;
  const auto pause = terminal_ ? clock::duration{std::chrono::milliseconds{50}} : std::chrono::seconds{2};
  const auto now = clock::now();
  if (now - shown_at_ < pause && (terminal_ || tenths() == shown_tenths_)) return;
  shown_tenths_ = tenths();
  shown_at_ = now;
  print();
}

std::size_t progress::tenths() const { return total_ == 0 ? 0 : done_ * 10 / total_; }

void progress::print() {
  const auto text = what_ + ' ' + grouped(static_cast<std::int64_t>(done_)) + " of " +
                    grouped(static_cast<std::int64_t>(total_)) + " events";
  if (terminal_)
    std::cerr << '\r' << text << "\033[K" << std::flush;
  else
    std::cerr << text + '\n';
}

} // namespace fines
