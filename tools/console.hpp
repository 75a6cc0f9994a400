#pragma once

#include "files.hpp"

#include <ostream>

namespace tools {

/// Where a command reads from and says what it has to say. Its streams throw what `descriptor_stream` throws.
struct console {
  int in; ///< a file descriptor
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  /// Ends what takes longer, in good order.
  stop_source& stop;
  int out_descriptor = -1; ///< behind `out`, to see whether anybody reads it; -1 for none
};

} // namespace tools
