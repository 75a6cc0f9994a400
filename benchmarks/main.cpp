#include "report.hpp"
#include "workloads.hpp"

#include <charconv>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace {

constexpr int something_failed = 1;
constexpr int wrong_usage = 2;

constexpr const char* usage =
  "usage: skald_bench [--pairs N] [--scale X] [--only TEXT] [--folder DIR] [--json FILE] [--commit TEXT]\n"
  "  --pairs N      pairs of floor and subject for each workload (15); of fewer than 6 there is no interval\n"
  "  --scale X      a fraction of the operations, to try things out (1)\n"
  "  --only TEXT    workloads whose name holds TEXT\n"
  "  --folder DIR   where the files are made (the folder it is run in)\n"
  "  --json FILE    writes the outcomes and the machine there as well\n"
  "  --commit TEXT  what is measured, for that file\n"
  "Bars are judged with at least 15 pairs at scale 1. It ends with 1 where one was missed or something failed.\n";

struct options {
  bench::setting setting{std::filesystem::current_path()};
  std::string only;
  std::filesystem::path json;
  std::string commit;
};

template <class Number>
bool read(std::string_view text, Number& out) {
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), out);
  return trouble == std::errc{} && end == text.data() + text.size() && out > 0;
}

/// Whether the option is known and its value fits.
bool take(std::string_view option, std::string_view value, options& out) {
  if (option == "--pairs") return read(value, out.setting.pairs);
  if (option == "--scale") return read(value, out.setting.scale);
  if (option == "--folder") return is_directory(out.setting.folder = value);
  if (option == "--only")
    out.only = value;
  else if (option == "--json")
    out.json = value;
  else if (option == "--commit")
    out.commit = value;
  else
    return false;
  return true;
}

int run(const options& o) {
  std::optional<bench::report_file> file;
  if (!o.json.empty()) file.emplace(o.json);
  bench::report report{bench::this_machine(o.setting.folder), o.commit, o.setting.scale};
  const auto run_all = [&](const auto& all, auto& outcomes) {
    for (const auto& one : all)
      if (one.name.find(o.only) != std::string::npos)
        std::cout << row_of(outcomes.emplace_back(bench::run(one, o.setting))) << std::flush;
  };
  std::cout << bench::heading() << std::flush;
  for (const auto workloads_of :
       {bench::append_workloads, bench::import_workloads, bench::actor_workloads, bench::pipe_workloads,
        bench::postgres_workloads, bench::stream_workloads, bench::read_workloads})
    run_all(workloads_of(o.setting), report.workloads);
  run_all(bench::memory_amounts(o.setting), report.amounts);

  if (report.workloads.empty() && report.amounts.empty())
    return std::cerr << "skald_bench: the name of no workload holds '" << o.only << "'\n", wrong_usage;
  if (file) file->write(report);
  if (!o.setting.judged()) std::cout << "Bars were not judged: that takes --scale 1 and --pairs 15, or more.\n";
  const auto misses = misses_of(report);
  std::cerr << misses;
  return misses.empty() ? 0 : something_failed;
}

} // namespace

int main(int argc, char** argv) try {
  if (argc == 4 && std::string_view{argv[1]} == "--read-all") return bench::read_all(argv[2], argv[3]), 0;
  options o;
  for (int i = 1; i < argc; i += 2) {
    if (std::string_view{argv[i]} == "--help") return std::cout << usage, 0;
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (i + 1 == argc || !take(argv[i], value, o))
      return std::cerr << "skald_bench: '" << argv[i] << ' ' << value << "' is not understood\n" << usage, wrong_usage;
  }
  return run(o);
} catch (const std::exception& thrown) {
  std::cerr << "skald_bench: " << thrown.what() << '\n';
  return something_failed;
}
