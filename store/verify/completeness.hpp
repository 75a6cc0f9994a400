#pragma once

#include <skald/store/query.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// Describes a position that is missing from a page of all events, or returns none. `newest` is the newest position
/// that there was before the page was read.
[[nodiscard]] std::optional<std::string> problem_of_gaps(const all_query& query, const page& read, position newest);

/// A sentence about a stream whose index finds another number of events than its revision says.
[[nodiscard]] std::string incomplete(std::string_view stream, std::int64_t revision, std::int64_t found);

} // namespace skald::detail
