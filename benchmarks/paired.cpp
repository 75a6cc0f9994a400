#include "paired.hpp"
#include "statistics.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

verdict judge(bool reached, const setting& s) {
  if (!s.judged()) return verdict::not_judged;
  return reached ? verdict::reached : verdict::missed;
}

} // namespace

seconds timed(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - start;
}

std::size_t setting::scaled(std::size_t n) const {
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(n) * scale));
}

outcome run(const workload& w, const setting& s) {
  std::vector<double> floors;
  std::vector<double> subjects;
  std::vector<double> ratios;
  for (std::size_t i = 0; i <= s.pairs; ++i) {
    const bool floor_first = i % 2 == 0; // neither always finds the disk as the other one left it
    const auto first = floor_first ? w.floor() : w.subject();
    const auto second = floor_first ? w.subject() : w.floor();
    const auto floor = floor_first ? first : second;
    const auto subject = floor_first ? second : first;
    if (std::min(floor, subject) <= seconds::zero()) throw std::runtime_error{w.name + ": it has taken no time"};
    if (i == 0) continue;
    const auto operations = static_cast<double>(w.operations);
    floors.push_back(operations / floor.count());
    subjects.push_back(operations / subject.count());
    ratios.push_back(floor / subject);
  }
  outcome o{w.name, w.unit, s.pairs, median(floors), median(subjects), median(ratios), {}, w.bar, {}};
  std::ranges::sort(ratios);
  if (const auto at = interval_of_median(ratios.size())) o.ratio_95 = {{ratios[at->low - 1], ratios[at->high - 1]}};
  if (w.bar) o.verdict = judge(o.ratio >= *w.bar, s);
  return o;
}

amount_outcome run(const amount& a, const setting& s) {
  const auto value = a.measure();
  return {a.name, a.unit, value, a.at_most, judge(value <= a.at_most, s)};
}

} // namespace bench
