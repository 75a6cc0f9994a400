#include "paired.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <thread>

namespace bench {

namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const auto half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The largest rank r, from 0, for which the r-th value from below and from above enclose the median with at least 95 %.
std::size_t rank_of_interval(std::size_t n) {
  double below = 0;
  double term = std::pow(0.5, static_cast<double>(n)); // of the binomial distribution with p = 1/2
  std::size_t rank = 0;
  for (std::size_t k = 0; k < n / 2; ++k) {
    below += term;
    if (below > 0.025) break;
    rank = k;
    term = term * static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  return rank;
}

} // namespace

seconds timed(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - start;
}

outcome run(const workload& w, std::size_t pairs) {
  std::vector<double> floors;
  std::vector<double> subjects;
  std::vector<double> ratios;
  for (std::size_t i = 0; i <= pairs; ++i) {
    const bool floor_first = i % 2 == 0; // neither always finds the disk as the other one left it
    const auto first = floor_first ? w.floor() : w.subject();
    const auto second = floor_first ? w.subject() : w.floor();
    const auto floor = floor_first ? first : second;
    const auto subject = floor_first ? second : first;
    if (i == 0) continue;
    const auto operations = static_cast<double>(w.operations);
    floors.push_back(operations / floor.count());
    subjects.push_back(operations / subject.count());
    ratios.push_back(floor / subject);
  }
  std::ranges::sort(ratios);
  const auto rank = rank_of_interval(ratios.size());
  return {w.name,
          w.unit,
          pairs,
          median(floors),
          median(subjects),
          median(ratios),
          ratios[rank],
          ratios[ratios.size() - 1 - rank],
          w.bar};
}

std::string to_json(const std::vector<outcome>& outcomes, const std::vector<amount_outcome>& amounts) {
  std::ostringstream out;
  out.precision(6);
  out << "{\"cores\":" << std::thread::hardware_concurrency() << ",\"compiler\":\"" << __VERSION__
      << "\",\"workloads\":[";
  for (const auto& o : outcomes) {
    out << (&o == outcomes.data() ? "\n" : ",\n") << "{\"name\":\"" << o.name << "\",\"unit\":\"" << o.unit
        << "\",\"pairs\":" << o.pairs << ",\"floor_per_second\":" << o.floor_rate
        << ",\"skald_per_second\":" << o.subject_rate << ",\"ratio\":" << o.ratio << ",\"ratio_95\":[" << o.ratio_low
        << "," << o.ratio_high << "]";
    if (o.bar) out << ",\"bar\":" << *o.bar;
    out << "}";
  }
  out << "\n],\"amounts\":[";
  for (const auto& a : amounts)
    out << (&a == amounts.data() ? "\n" : ",\n") << "{\"name\":\"" << a.name << "\",\"unit\":\"" << a.unit
        << "\",\"value\":" << a.value << ",\"at_most\":" << a.at_most << "}";
  out << "\n]}\n";
  return out.str();
}

} // namespace bench
