#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace bench {

using seconds = std::chrono::duration<double>;

/// How long `work` takes.
seconds timed(const std::function<void()>& work);

/// How it is measured.
struct setting {
  std::filesystem::path folder; ///< where files are made, on the disk that is meant
  double scale = 1;             ///< of the number of operations, smaller to try things out
  std::size_t pairs = 15;

  [[nodiscard]] std::size_t scaled(std::size_t n) const;
  /// Whether bars are held against what is measured: only in full, where it tells something about skald.
  [[nodiscard]] bool judged() const { return scale >= 1 && pairs >= 15; }
};

/// A subject and the floor it stands on: the least that has to be done for the same. Both do `operations`, make sure
/// that they were done, and answer how long they took, without what they prepare, make sure of and clean up.
struct workload {
  std::string name;
  std::string unit; ///< what is counted, such as "events"
  std::size_t operations;
  std::function<seconds()> floor;
  std::function<seconds()> subject;
  /// What the ratio of the subject's rate to the floor's is meant to reach.
  std::optional<double> bar;
};

/// What is said of a bar.
enum class verdict : std::uint8_t { reached, missed, not_judged };
BOOST_DESCRIBE_ENUM(verdict, reached, missed, not_judged)

/// Rates of a workload. Floor and subject alternate, so that what disturbs the machine disturbs both.
struct outcome {
  std::string name;
  std::string unit;
  std::size_t pairs = 0;
  double floor_per_second = 0; ///< median
  double skald_per_second = 0; ///< median
  double ratio = 0; ///< median of the paired ratios, skald to floor
  std::optional<std::array<double, 2>> ratio_95; ///< the interval of that median, where there are enough pairs
  std::optional<double> bar;
  std::optional<bench::verdict> verdict; ///< of the bar: missed where the median lies below it
};
BOOST_DESCRIBE_STRUCT(outcome, (),
                      (name, unit, pairs, floor_per_second, skald_per_second, ratio, ratio_95, bar, verdict))

/// Runs pairs of floor and subject, behind one that is thrown away. Throws what they throw, and where one takes no
/// time.
outcome run(const workload& w, const setting& s);

/// Something that stands for itself, without a floor.
struct amount {
  std::string name;
  std::string unit;
  std::function<double()> measure;
  double at_most;
};

struct amount_outcome {
  std::string name;
  std::string unit;
  double value = 0;
  double at_most = 0;
  bench::verdict verdict = bench::verdict::not_judged;
};
BOOST_DESCRIBE_STRUCT(amount_outcome, (), (name, unit, value, at_most, verdict))

amount_outcome run(const amount& a, const setting& s);

} // namespace bench
