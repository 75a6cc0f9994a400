#pragma once

#include <skald/store/snapshot.hpp>

#include <cstdint>
#include <string>

/// Not for users, and not installed.
namespace skald::detail {

/// The checksum that a database stores with a snapshot.
[[nodiscard]] std::string checksum_of(const snapshot& s);

/// The streams of a snapshot at the moment in which it was read.
struct snapshot_basis {
  std::uint64_t records = 0; ///< all records of the streams
  std::uint64_t after = 0;  ///< those after the snapshot's cursor
  revision relation_revision{};
};

/// Decides whether a snapshot holds.
///
/// Records are never removed, and a relation's revision changes with its streams. So if as many records lie at or
/// before the cursor as were folded, they are the records that were folded: all others sort after it.
[[nodiscard]] stored_snapshot judge(snapshot s, const snapshot_basis& now);

} // namespace skald::detail
