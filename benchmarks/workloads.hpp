#pragma once

#include "paired.hpp"

#include <filesystem>
#include <vector>

namespace bench {

/// What is measured. Files are made in `folder`, which should lie on the disk that is meant. `scale` shrinks the number of
/// operations, to try things out.
std::vector<workload> workloads(const std::filesystem::path& folder, double scale);

} // namespace bench
