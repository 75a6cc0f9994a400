#include "listing.hpp"

namespace tools {

void listing::flush() {
  if (!rows_.empty()) out_ << table_.next(std::exchange(rows_, {}));
  out_.flush();
}

} // namespace tools
