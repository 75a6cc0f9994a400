#pragma once

#include <skald/store/record.hpp>

#include <cstdint>
#include <string_view>

namespace skald {

/// The checksum that a database stores with a record, to notice damage later: 64 bits of XXH3 over all its members.
///
/// `docs/reference/storage_format.md` lists the bytes. They never change: a later member of `record` may only add bytes
/// for records that have it set. Two stores give one event different checksums, since these cover its position and
/// revision.
[[nodiscard]] std::uint64_t checksum_of(const record& r);

/// The checksum of `r` with `data` and `meta` in place of its own. Saves copying them.
[[nodiscard]] std::uint64_t checksum_of(const record& r, std::string_view data, std::string_view meta);

/// The checksum of a command's receipt, which was written at the time `kept`. Its bytes never change either.
[[nodiscard]] std::uint64_t checksum_of(const command_id& command, const receipt& given, timestamp kept);

} // namespace skald
