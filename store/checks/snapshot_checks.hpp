#pragma once

#include <skald/store/snapshot.hpp>

/// Not for users, and not installed.
namespace skald::detail {

/// Whether a snapshot can have this key: it names a reducer and a stream or relation. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_key(const snapshot_key& key);

/// Whether a snapshot can be stored. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_snapshot(const snapshot& s);

} // namespace skald::detail
