#pragma once

#include <cstddef>

/// What the store accepts at most. Beyond, the answer is `errc::invalid_argument`; see `docs/reference/limits.md`.
namespace skald::limits {

inline constexpr std::size_t name_bytes = 512; ///< of a stream or a relation key
inline constexpr std::size_t event_type_bytes = 256;
inline constexpr std::size_t projection_name_bytes = 256;
inline constexpr std::size_t handler_name_bytes = 512;
inline constexpr std::size_t event_bytes = std::size_t{16} << 20; ///< data and metadata of one event
inline constexpr std::size_t snapshot_bytes = std::size_t{64} << 20; ///< of its state
inline constexpr std::size_t json_depth = 128;

inline constexpr std::size_t request_streams = 10'000;
inline constexpr std::size_t request_events = 100'000; ///< also the records that are hydrated by one call
inline constexpr std::size_t request_bytes = std::size_t{64} << 20; ///< data and metadata of all of them
inline constexpr std::size_t relation_changes = 100'000; ///< of one request, with what follows from its events

inline constexpr std::size_t query_names = 10'000; ///< of the streams or keys that are read as one
inline constexpr std::size_t query_types = 1'000;
inline constexpr std::size_t page_records = 1'000;
inline constexpr std::size_t page_bytes = std::size_t{8} << 20; ///< a page ends behind the record that reaches it
inline constexpr std::size_t list_names = 1'000; ///< of streams, relations or snapshots that are listed at once
inline constexpr std::size_t answer_bytes = std::size_t{1} << 20; ///< kept under a command id
inline constexpr std::size_t problems = 100; ///< that `verify` tells; it counts them all

} // namespace skald::limits
