#include "paired.hpp"
#include "workloads.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr const char* usage =
  "usage: skald_bench [--pairs N] [--scale X] [--only TEXT] [--folder DIR] [--json FILE]\n"
  "  --pairs N     pairs of floor and subject for each workload (15); of fewer than 6, the interval is all of them\n"
  "  --scale X     a fraction of the operations, to try things out (1)\n"
  "  --only TEXT   workloads whose name holds TEXT\n"
  "  --folder DIR  where the files are made (the folder it is run in)\n"
  "  --json FILE   writes the outcomes there as well\n";

std::string verdict(bool reached, double bar) {
  std::ostringstream out;
  out << (reached ? "reaches " : "MISSES ") << std::setprecision(2) << std::fixed << bar;
  return out.str();
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view{argv[1]} == "--read-all") return bench::read_all(argv[2], argv[3]);
  std::size_t pairs = 15;
  double scale = 1;
  std::string only;
  std::string json;
  std::filesystem::path folder = std::filesystem::current_path();
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--help") return std::cout << usage, 0;
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (option == "--pairs" && value)
      pairs = std::strtoul(value, nullptr, 10);
    else if (option == "--scale" && value)
      scale = std::strtod(value, nullptr);
    else if (option == "--only" && value)
      only = value;
    else if (option == "--folder" && value)
      folder = value;
    else if (option == "--json" && value)
      json = value;
    else
      return std::cerr << "skald_bench: what is '" << option << "'?\n" << usage, 2;
  }
  if (pairs == 0 || scale <= 0) return std::cerr << "skald_bench: pairs and scale are more than 0\n" << usage, 2;

  const bench::setting setting{folder, scale};
  std::vector<bench::outcome> outcomes;
  std::printf("%-76s %12s %12s  %-22s %s\n", "workload", "floor/s", "skald/s", "ratio (95 % interval)", "bar");
  for (const auto workloads_of :
       {bench::append_workloads, bench::import_workloads, bench::actor_workloads, bench::pipe_workloads,
        bench::postgres_workloads, bench::stream_workloads, bench::read_workloads}) {
    for (const auto& w : workloads_of(setting)) {
      if (w.name.find(only) == std::string::npos) continue;
      const auto& o = outcomes.emplace_back(bench::run(w, pairs));
      std::printf("%-76s %12.0f %12.0f  %.2f (%.2f to %.2f)    %s\n", o.name.c_str(), o.floor_rate, o.subject_rate,
                  o.ratio, o.ratio_low, o.ratio_high, !o.bar ? "" : verdict(o.ratio >= *o.bar, *o.bar).c_str());
      std::fflush(stdout);
    }
  }
  std::vector<bench::amount_outcome> amounts;
  for (const auto& a : bench::memory_amounts(setting)) {
    if (a.name.find(only) == std::string::npos) continue;
    const auto& o = amounts.emplace_back(a.name, a.unit, a.measure(), a.at_most);
    std::printf("%-76s %12.1f %-12s  %-22s %s\n", o.name.c_str(), o.value, o.unit.c_str(), "",
                verdict(o.value <= o.at_most, o.at_most).c_str());
    std::fflush(stdout);
  }
  if (!json.empty()) std::ofstream{json} << bench::to_json(outcomes, amounts);
}
