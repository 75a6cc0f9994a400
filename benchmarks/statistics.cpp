#include "statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace bench {

double median(std::vector<double> values) {
  assert(!values.empty());
  std::ranges::sort(values);
  const auto half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::optional<ranks> interval_of_median(std::size_t count) {
  const auto n = static_cast<double>(count);
  double outside = 0; // on one side: the chance that fewer than `low` values lie below the median
  double log_term = -n * std::numbers::ln2; // of exactly `low`; 2^-n itself would be 0 for n above 1074
  std::size_t low = 0;
  for (double term = std::exp(log_term); outside + term <= 0.025; term = std::exp(log_term)) {
    outside += term;
    const auto k = static_cast<double>(low++);
    log_term += std::log((n - k) / (k + 1));
  }
  if (low == 0) return std::nullopt;
  return ranks{low, count + 1 - low, 1 - 2 * outside};
}

} // namespace bench
