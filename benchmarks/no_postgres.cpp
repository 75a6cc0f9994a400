#include "workloads.hpp"

namespace bench {

std::vector<workload> postgres_workloads(const setting&) { return {}; }

} // namespace bench
