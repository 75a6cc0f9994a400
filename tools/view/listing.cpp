#include "listing.hpp"

namespace tools {

void listing::end(std::string_view nothing) {
  if (for_people_ && empty_) out_ << nothing << '\n';
  flush();
}

void listing::flush() {
  if (!rows_.empty()) out_ << table_.next(std::exchange(rows_, {}));
  out_.flush();
}

} // namespace tools
