#pragma once

#include <skald/store/ids.hpp>

#include <optional>
#include <string>
#include <vector>

namespace skald {

/// Says that a `once` handler is done with a record above the checkpoint.
struct completion {
  skald::position position;
  std::string handler; ///< the handler's identity, such as `once:fine:paid`

  friend auto operator<=>(const completion&, const completion&) = default;
};

/// The saved progress of one projection.
struct checkpoint {
  position handled;    ///< all records up to here are handled
  position fresh_from; ///< records up to here arrive as hydrated
  std::vector<completion> completions; ///< above `handled`, ordered

  friend bool operator==(const checkpoint&, const checkpoint&) = default;
};

/// New progress of one projection, to be saved.
struct checkpoint_update {
  std::string projection;
  position handled; ///< a smaller one than the saved one changes nothing
  std::vector<completion> completions;
};

} // namespace skald
