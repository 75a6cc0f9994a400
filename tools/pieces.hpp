#pragma once

#include <string>

namespace tools {

/// Visits everything of a list that is read in pieces. `next(after)` answers a piece, `name` the name of one.
template <class Next, class Name, class Visit>
void for_each_piece(Next next, Name name, Visit visit) {
  for (std::string after;;) {
    const auto piece = next(after).value();
    if (piece.empty()) return;
    for (const auto& one : piece) visit(one);
    after = name(piece.back());
  }
}

} // namespace tools
