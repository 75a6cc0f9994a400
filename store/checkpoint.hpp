#pragma once

#include <skald/store/ids.hpp>

#include <optional>
#include <string>
#include <vector>

namespace skald {

/// A `once` handler that is done with a record above the checkpoint.
struct completion {
  skald::position position;
  std::string handler; ///< the handler's identity, such as `once:fine:paid`

  friend auto operator<=>(const completion&, const completion&) = default;
};

/// What is durable of one projection.
struct checkpoint {
  position handled;    ///< everything up to here is handled
  position fresh_from; ///< records at or below arrive as hydrated
  std::vector<completion> completions; ///< above `handled`, ordered

  friend bool operator==(const checkpoint&, const checkpoint&) = default;
};

/// What became durable of a projection since the last time.
struct checkpoint_update {
  std::string projection;
  position handled; ///< never below the one stored
  std::vector<completion> completions;
};

} // namespace skald
