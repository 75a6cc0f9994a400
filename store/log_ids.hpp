#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/timestamp.hpp>

#include <cstddef>
#include <string_view>
#include <unordered_map>

namespace skald {

/// Derives the ids of events in a log that has none. An event keeps its id when others are added to the log, wherever
/// that is. So importing a log again changes nothing.
///
/// The id is derived (see `derive_event_id`) from
///
/// - the time, as `timestamp::str` shows it, and its counter, which `timestamp::parse` sets for times finer than a
///   millisecond;
/// - stream, type and data;
/// - the ordinal among the events that are equal in all of these.
///
/// Memory grows with the number of events.
class log_ids {
public:
  /// Returns the id of the next event of the log.
  [[nodiscard]] event_id next(timestamp created, const stream_id& stream, std::string_view type, std::string_view data);

private:
  std::unordered_map<event_id, std::size_t> seen_; ///< the number of equal events, by the id of the first
};

} // namespace skald
