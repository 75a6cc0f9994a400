#include <skald/store/verify/completeness.hpp>

#include <skald/store/quoted.hpp>
#include <skald/store/read/page_builder.hpp>
#include <skald/store/values/last_position.hpp>

#include <algorithm>
#include <utility>

namespace skald::detail {

std::optional<std::string> problem_of_gaps(const all_query& query, const page& read, position newest) {
  if (query.types()) return {};
  const bool forward = query.direction() == direction::forward;
  const auto low = query.after().value_or(position{}).value; // the query wants positions between these
  const auto high = std::min(query.before().value_or(last_position).value, newest.value + 1);
  auto at = forward ? low : high;
  const auto missing = [&](const std::string& beside) {
    return "position " + std::to_string(forward ? at + 1 : at - 1) + " is missing" + beside;
  };
  for (const auto& r : read.records) {
    const auto here = r.position.value;
    const bool appended_since = !forward && at == high && here >= high;
    if (here != (forward ? at + 1 : at - 1) && !appended_since)
      return missing(" beside position " + std::to_string(here));
    at = here;
  }
  const auto [from, to] = forward ? std::pair{at, high} : std::pair{low, at};
  if (!ended(query, read) || from >= to || to - from == 1) return {};
  return missing(", there have been events up to position " + std::to_string(newest.value));
}

std::string incomplete(std::string_view stream, std::int64_t revision, std::int64_t found) {
  return "stream " + in_quotes(stream) + " is at revision " + std::to_string(revision) + ", but " +
         std::to_string(found) + " events of it are found";
}

} // namespace skald::detail
