#include <skald/store/checks/time_checks.hpp>

#include <algorithm>

namespace skald::detail {

result<void> check_created(timestamp created) {
  if (created > timestamp::max()) return error{errc::invalid_argument, "the time of creation lies after the year 6429"};
  return {};
}

timestamp::milliseconds latest_created(const store_options& options) {
  constexpr auto end = timestamp::max().time();
  const auto now = std::clamp(options.wall(), timestamp::milliseconds{}, end);
  return now + std::min(options.max_drift, end - now);
}

error too_far_ahead(const std::string& what, timestamp created, const store_options& options) {
  return {errc::clock_drift, what + " was created at " + created.str() + ", more than " +
                               std::to_string(options.max_drift.count()) +
                               " ms ahead of this node's clock: say when it happened, and set the clocks right"};
}

error clock_at_its_end() {
  return {errc::insertion_failed, "this store's clock has come to the end of time, " + timestamp::max().str() +
                                    ": set the clock of this machine right and open the store again, or restore it "
                                    "from a backup where what it holds is from there"};
}

} // namespace skald::detail
