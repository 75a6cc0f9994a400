#pragma once

#include <skald/store/query.hpp>

#include <cstddef>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// Checks that a store can be asked for this. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_readable(const stream_id& stream);
[[nodiscard]] result<void> check_readable(const relation_key& key);
[[nodiscard]] result<void> check_readable(const stream_query& query);
[[nodiscard]] result<void> check_readable(const streams_query& query);
[[nodiscard]] result<void> check_readable(const all_query& query);
/// The same for the status of a record.
[[nodiscard]] result<void> check_readable(const record& r);

/// Refuses more names of streams and relation keys, or of event types, than one query may have. Errors:
/// `invalid_argument`.
[[nodiscard]] result<void> at_most_names(std::size_t names);
[[nodiscard]] result<void> at_most_types(std::size_t types);

/// Checks that a list can begin after this: an empty text, or a name. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_list_start(std::string_view after);

} // namespace skald::detail
