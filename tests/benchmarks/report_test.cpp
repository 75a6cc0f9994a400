#include <benchmarks/report.hpp>

#include <skald/store/json.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using bench::verdict;

bench::outcome outcome_of(double ratio, double low, double high, verdict v) {
  return {"port", "events", 15, 1000, 1000 * ratio, ratio, {{low, high}}, 0.9, v};
}

bench::report report_of(std::vector<bench::outcome> outcomes) { return {{}, "", 1, std::move(outcomes), {}}; }

TEST_CASE("a row tells the rates, the ratio, its interval and the bar, and whether the interval leaves the bar open") {
  const auto ends = [](const bench::outcome& o) {
    const auto row = bench::row_of(o);
    CHECK(row.starts_with("port "));
    return row.substr(row.find("  1000") + 2);
  };
  CHECK(ends(outcome_of(0.95, 0.92, 0.97, verdict::reached)) ==
        "1000          950  0.95 (0.92 to 0.97)    reaches 0.90\n");
  CHECK(ends(outcome_of(0.95, 0.85, 0.97, verdict::reached)).ends_with(" reaches 0.90 by the median\n"));
  CHECK(ends(outcome_of(0.85, 0.82, 0.95, verdict::missed)).ends_with(" MISSES 0.90 by the median\n"));
  CHECK(ends(outcome_of(0.85, 0.82, 0.87, verdict::missed)).ends_with(" MISSES 0.90\n"));
  CHECK(ends(outcome_of(0.85, 0.82, 0.95, verdict::not_judged)).ends_with(" 0.90 not judged\n"));
  auto few = outcome_of(0.85, 0, 0, verdict::not_judged);
  few.ratio_95.reset();
  CHECK(ends(few) == "1000          850  0.85                   0.90 not judged\n");
}

TEST_CASE("a missed bar is told by name and ratio, and no other") {
  CHECK(misses_of(
          report_of({outcome_of(0.95, 0.85, 0.97, verdict::reached), outcome_of(0.5, 0.4, 0.6, verdict::not_judged)}))
          .empty());
  auto r = report_of({outcome_of(0.85, 0.82, 0.87, verdict::missed)});
  r.amounts.emplace_back("memory", "MiB", 120, 100, verdict::missed);
  CHECK(misses_of(r) == "port: 0.85 (0.82 to 0.87) MISSES 0.90\nmemory: 120.00 MiB MISSES 100.00\n");
}

TEST_CASE("the report is JSON, whatever stands in the names, and tells the machine") {
  bench::report r{bench::this_machine("/proc"), "c0ffee", 0.1};
  r.workloads.push_back(outcome_of(0.95, 0.92, 0.97, verdict::reached));
  r.workloads.back().name = "a \"quoted\" \\ name";
  r.amounts.emplace_back("memory", "MiB", 30.5, 100, verdict::not_judged);
  const auto text = skald::to_json(r).value();
  CHECK(text.find(R"("workloads":[{"name":"a \"quoted\" \\ name","unit":"events","pairs":15,)") != std::string::npos);
  const auto read = skald::from_json<bench::report>(text).value();
  CHECK(read.commit == "c0ffee");
  CHECK(read.scale == 0.1);
  REQUIRE(read.workloads.size() == 1);
  CHECK(read.workloads.front().name == r.workloads.front().name);
  CHECK(read.workloads.front().ratio == 0.95);
  CHECK(read.workloads.front().ratio_95 == r.workloads.front().ratio_95);
  CHECK(read.workloads.front().bar == 0.9);
  CHECK(read.workloads.front().verdict == verdict::reached);
  REQUIRE(read.amounts.size() == 1);
  CHECK(read.amounts.front().value == 30.5);
  CHECK(r.machine.cores > 0);
  CHECK(r.machine.kernel.starts_with("Linux "));
  CHECK(r.machine.file_system == "proc");
  CHECK(r.machine.sqlite.starts_with("3."));
  CHECK(!r.machine.compiler.empty());
  CHECK(!r.machine.build.empty());
}

TEST_CASE("a report that cannot be written is told") {
  CHECK_THROWS_WITH_AS(bench::report_file{"/nowhere/bench.json"},
                       "the report cannot be written to /nowhere/bench.json: No such file or directory; name another "
                       "file with --json",
                       std::runtime_error);
  bench::report_file full{"/dev/full"};
  CHECK_THROWS_WITH_AS(full.write({}),
                       "the report cannot be written to /dev/full: No space left on device; name another file with "
                       "--json",
                       std::runtime_error);
}

} // namespace
