#pragma once

#include <skald/store/record.hpp>

#include <cstdint>
#include <string_view>

namespace skald {

/// What is kept beside a record to tell later that it is still what was written: XXH3 of 64 bits over all of it.
///
/// `docs/reference/storage_format.md` tells over which bytes. They never change; a member that records get one day is added to them
/// only where it is set. Two stores give one event different checksums, for its place in them is part of it.
[[nodiscard]] std::uint64_t checksum_of(const record& r);

/// The same of a record whose data and metadata lie elsewhere.
[[nodiscard]] std::uint64_t checksum_of(const record& r, std::string_view data, std::string_view meta);

/// The checksum of a command's receipt, which was written at the time `kept`. Its bytes never change either.
[[nodiscard]] std::uint64_t checksum_of(const command_id& command, const receipt& given, timestamp kept);

} // namespace skald
