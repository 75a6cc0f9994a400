#include "progress.hpp"
#include "text.hpp"

#include <utility>

namespace tools {

progress::progress(std::string what, console& at, std::string unit)
  : what_{std::move(what)}, unit_{std::move(unit)}, at_{at} {
  if (at_.err_is_terminal) print();
}

progress::~progress() {
  if (!at_.err_is_terminal) return;
  print();
  at_.err << '\n';
}

void progress::show(std::uint64_t units, double part) {
  units_ = units;
  part_ = part;
  const auto now = clock::now();
  if (now - shown_ < (at_.err_is_terminal ? std::chrono::milliseconds{100} : std::chrono::seconds{10})) return;
  shown_ = now;
  print();
}

void progress::print() {
  const auto text = progress_text(what_, units_, part_, clock::now() - begun_, unit_);
  if (at_.err_is_terminal)
    at_.err << '\r' << text << "\033[K" << std::flush;
  else
    at_.err << text + '\n';
}

} // namespace tools
