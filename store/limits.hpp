#pragma once

#include <cstddef>

/// The limits of requests, queries and answers, on every backend. Beyond one, the answer is
/// `errc::invalid_argument`, or `errc::invalid_event` for the depth of JSON. See
/// `docs/reference/limits.md`.
namespace skald::limits {

inline constexpr std::size_t name_bytes = 512; ///< of a stream, relation key, batch, command or reducer
inline constexpr std::size_t event_type_bytes = 256;
inline constexpr std::size_t projection_name_bytes = 256;
inline constexpr std::size_t handler_name_bytes = 512;
inline constexpr std::size_t event_bytes = std::size_t{16} << 20; ///< data and metadata of one event
inline constexpr std::size_t snapshot_bytes = std::size_t{64} << 20; ///< the state of one snapshot
inline constexpr std::size_t json_depth = 128;

inline constexpr std::size_t request_streams = 10'000;
inline constexpr std::size_t request_events = 100'000; ///< also the records of one call of `hydrate`
inline constexpr std::size_t request_bytes = std::size_t{64} << 20; ///< data and metadata of all events of a request
inline constexpr std::size_t relation_changes = 100'000; ///< of one request, those that follow from its events included

inline constexpr std::size_t query_names = 10'000; ///< streams or keys that one query names
inline constexpr std::size_t query_types = 1'000;
inline constexpr std::size_t page_records = 1'000;
inline constexpr std::size_t page_bytes = std::size_t{8} << 20; ///< a page ends after the record that reaches it
inline constexpr std::size_t list_names = 1'000; ///< streams, relation keys or snapshots in one list
inline constexpr std::size_t answer_bytes = std::size_t{1} << 20; ///< the answer in the receipt of a command
inline constexpr std::size_t problems = 100; ///< that `verify` returns; it counts all

} // namespace skald::limits
