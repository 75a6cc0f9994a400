#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench {

using seconds = std::chrono::duration<double>;

/// How long `work` takes.
seconds timed(const std::function<void()>& work);

/// A subject and the floor it stands on: the least that has to be done for the same. Both do `operations` and answer how
/// long they took, without what they prepare and clean up.
struct workload {
  std::string name;
  std::string unit; ///< what is counted, such as "events"
  std::size_t operations;
  std::function<seconds()> floor;
  std::function<seconds()> subject;
  /// What the ratio of the subject's rate to the floor's is meant to reach.
  std::optional<double> bar;
};

/// Rates of a workload. Floor and subject alternate, so that what disturbs the machine disturbs both.
struct outcome {
  std::string name;
  std::string unit;
  std::size_t pairs;
  double floor_rate; ///< median, operations a second
  double subject_rate; ///< median, operations a second
  double ratio; ///< median of the paired ratios, subject to floor
  double ratio_low; ///< the 95 % interval of that median
  double ratio_high;
  std::optional<double> bar;
};

/// Runs `pairs` pairs, behind one that is thrown away. The interval is the distribution-free one of a median: order
/// statistics whose ranks the binomial distribution gives.
outcome run(const workload& w, std::size_t pairs);

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
  double value;
  double at_most;
};

/// One JSON object a line for each outcome, with the machine around them.
std::string to_json(const std::vector<outcome>& outcomes, const std::vector<amount_outcome>& amounts);

} // namespace bench
