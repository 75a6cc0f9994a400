#pragma once

#include <skald/store/snapshot.hpp>

/// Not for users, and not installed.
namespace skald::detail {

/// Checks that a snapshot can have this key: it names a reducer and a stream or relation. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_key(const snapshot_key& key);

/// Checks that a snapshot can be stored: its key, counts, size and JSON. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_snapshot(const snapshot& s);

} // namespace skald::detail
