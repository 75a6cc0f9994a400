#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/timestamp.hpp>

#include <cstddef>
#include <string_view>
#include <unordered_map>

namespace skald {

/// Derives the ids of a log's events, which have none of their own: from time (as `timestamp::str` shows it, and the
/// counter, which `timestamp::parse` sets for times finer than a millisecond), stream, type, data, and which one it
/// is of the events that are the same in all of these (see `derive_event_id`).
///
/// So an event keeps its id when others are added to the log, wherever that is, and importing a log once more changes
/// nothing. Memory grows with the number of events.
class log_ids {
public:
  /// The id of the next event of the log.
  [[nodiscard]] event_id next(timestamp created, const stream_id& stream, std::string_view type, std::string_view data);

private:
  std::unordered_map<event_id, std::size_t> seen_; ///< how often, by the id of the first
};

} // namespace skald
