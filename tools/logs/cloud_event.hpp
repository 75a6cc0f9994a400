#pragma once

#include "member_map.hpp"

#include <string_view>

namespace tools {

/// Where the members of an event are in a CloudEvent, but for its data, metadata and id.
[[nodiscard]] const member_map& cloud_event_map();

/// The event that a CloudEvent 1.0 is, in its JSON format. `map` says where the members are that it maps.
///
/// - Data is `data` as it stands, or null; of `data_base64`, an object of that name and value.
/// - Metadata are all other attributes that are set, as they stand, but for `specversion`, `type` and `time`.
/// - The id is the event's, or, where that is no UUID, one that follows from source and id, which are unique together.
///
/// Precondition: `object` is JSON; `map` maps stream, type and created. Throws `failure` (`invalid_argument`).
[[nodiscard]] log_event cloud_event_of(std::string_view object, const member_map& map, const log_time& times);

} // namespace tools
