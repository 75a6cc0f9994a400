#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace bench {

/// The value in the middle; of an even number of values the mean of the two there. Precondition: there are values.
double median(std::vector<double> values);

/// Two of some values in their order, by their ranks, which count from 1.
struct ranks {
  std::size_t low = 0;
  std::size_t high = 0;
  double confidence = 0; ///< with which the values there enclose the median
};

/// Where, among `count` values, the 95 % interval of the median begins and ends; none for fewer than 6, of which not
/// even the least and the greatest are that certain.
///
/// Supposes only that the values are drawn independently of each other: how many of them lie below the median then
/// has the binomial distribution with p = 1/2, whatever theirs is (the interval of the sign test). Cost grows with
/// the count.
std::optional<ranks> interval_of_median(std::size_t count);

} // namespace bench
