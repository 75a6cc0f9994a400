#pragma once

#include "request.hpp"

#include <cstddef>

namespace tools {

/// About the memory of a request from its line to its written answer, in bytes: of what was read of it, or of what it
/// may be answered where that is more. The lists of `related` and `stats` may be of any length, and count as a
/// long one.
[[nodiscard]] std::size_t weight_of(const operation& what);

} // namespace tools
