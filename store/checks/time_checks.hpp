#pragma once

#include <skald/store/event_store.hpp>

#include <string>

/// Not for users, and not installed.
namespace skald::detail {

/// The latest time of creation that a store accepts: `max_drift` ahead of the wall clock. The hybrid clock would not
/// do: each call could move it further.
[[nodiscard]] timestamp::milliseconds latest_created(const store_options& options);

/// The latest time of creation that may move the clock. A day is left for the clock to go on.
inline constexpr auto latest_observed = timestamp::max().time() - std::chrono::days{1};

/// Checks that a timestamp can be stored. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_created(timestamp created);

[[nodiscard]] error too_far_ahead(const std::string& what, timestamp created, const store_options& options);
[[nodiscard]] error clock_at_its_end();

} // namespace skald::detail
