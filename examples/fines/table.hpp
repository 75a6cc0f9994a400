#pragma once

#include "read_model.hpp"

#include <string>
#include <vector>

namespace fines {

/// The fines of each year as a table for people, with a line of sums below.
[[nodiscard]] std::string table_of(const std::vector<year_of_fines>& years);

} // namespace fines
