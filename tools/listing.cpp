#include "listing.hpp"
#include "text.hpp"

namespace tools {

void listing::flush() {
  if (!rows_.empty()) out_ << table(headings_, std::exchange(rows_, {}));
  out_.flush();
}

} // namespace tools
