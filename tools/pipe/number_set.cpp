#include "number_set.hpp"

#include <iterator>

namespace tools {

bool number_set::insert(std::uint64_t number) {
  const auto next = ranges_.upper_bound(number);
  const auto before = next == ranges_.begin() ? ranges_.end() : std::prev(next);
  if (before != ranges_.end() && number <= before->second) return false;
  auto last = number;
  const bool joins_before = before != ranges_.end() && before->second + 1 == number;
  if (next != ranges_.end() && next->first - 1 == number) {
    last = next->second;
    ranges_.erase(next);
  }
  if (joins_before)
    before->second = last;
  else
    ranges_.emplace(number, last);
  return true;
}

} // namespace tools
