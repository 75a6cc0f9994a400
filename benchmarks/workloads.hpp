#pragma once

#include "paired.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bench {

// What is measured, a function for each file of workloads. `main` runs them in this order.

std::vector<workload> append_workloads(const setting& s);
std::vector<workload> import_workloads(const setting& s);
std::vector<workload> actor_workloads(const setting& s);
std::vector<workload> pipe_workloads(const setting& s);
/// None where skald is built without PostgreSQL.
std::vector<workload> postgres_workloads(const setting& s);
std::vector<workload> stream_workloads(const setting& s);
std::vector<workload> read_workloads(const setting& s);

/// Resident memory while reading.
std::vector<amount> memory_amounts(const setting& s);

/// What a process of its own does for `memory_amounts`.
void read_all(std::string_view how, const std::string& url);

} // namespace bench
