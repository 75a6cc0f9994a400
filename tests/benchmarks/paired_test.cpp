#include <benchmarks/paired.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace {

using bench::seconds;
using bench::verdict;

/// Takes one second each time.
seconds one_second() { return seconds{1}; }

/// A floor of one second, and a subject that needs `takes` of them, the same each time.
bench::workload steady(double takes, std::optional<double> bar) {
  return {"steady", "events", 100, one_second, [takes] { return seconds{takes}; }, bar};
}

bench::setting in_full(std::size_t pairs = 15) { return {{}, 1, pairs}; }

TEST_CASE("floor and subject take turns in being first, and the first pair is thrown away") {
  std::string order;
  const bench::workload w{"order",
                          "events",
                          10,
                          [&] { return order += 'f', seconds{order.size() <= 2 ? 100 : 2}; },
                          [&] { return order += 's', seconds{order.size() <= 2 ? 100 : 5}; },
                          {}};
  const auto o = bench::run(w, in_full(3));
  CHECK(order == "fssffssf");
  CHECK(o.pairs == 3);
  CHECK(o.floor_per_second == 5);
  CHECK(o.skald_per_second == 2);
  CHECK(o.ratio == doctest::Approx(0.4));
}

TEST_CASE("the ratio is the median of those of the pairs, and its interval lies between two of them") {
  double takes = 0; // 1 to 15 behind the pair that is thrown away
  const bench::workload w{"growing", "events", 1, one_second, [&] { return seconds{1 / (takes++ + 1e-9)}; }, {}};
  const auto o = bench::run(w, in_full());
  CHECK(o.ratio == doctest::Approx(8));
  REQUIRE(o.ratio_95.has_value());
  CHECK(o.ratio_95->front() == doctest::Approx(4));
  CHECK(o.ratio_95->back() == doctest::Approx(12));
  takes = 0;
  CHECK(!bench::run(w, in_full(5)).ratio_95);
}

TEST_CASE("a bar is missed where the median lies below it, and judged in full only") {
  CHECK(bench::run(steady(2, 0.5), in_full()).verdict == verdict::reached);
  CHECK(bench::run(steady(2.01, 0.5), in_full()).verdict == verdict::missed);
  CHECK(bench::run(steady(2.01, 0.5), in_full(14)).verdict == verdict::not_judged);
  CHECK(bench::run(steady(2.01, 0.5), {{}, 0.5, 15}).verdict == verdict::not_judged);
  CHECK(!bench::run(steady(2.01, {}), in_full()).verdict);
}

TEST_CASE("an amount misses its bar above it") {
  const auto measured = [](double value) { return bench::amount{"memory", "MiB", [=] { return value; }, 100}; };
  CHECK(bench::run(measured(100), in_full()).verdict == verdict::reached);
  CHECK(bench::run(measured(100.1), in_full()).verdict == verdict::missed);
  CHECK(bench::run(measured(100.1), in_full(1)).verdict == verdict::not_judged);
}

TEST_CASE("what takes no time was not done") {
  CHECK_THROWS_WITH_AS((void)bench::run(steady(0, 0.5), in_full()), "steady: it has taken no time", std::runtime_error);
}

TEST_CASE("a scale leaves at least one operation") {
  CHECK(bench::setting{{}, 0.1}.scaled(1000) == 100);
  CHECK(bench::setting{{}, 0.001}.scaled(10) == 1);
}

} // namespace
