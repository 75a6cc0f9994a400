#pragma once

#include "log_time.hpp"
#include <skald/store/record.hpp>

#include <string>
#include <string_view>

namespace tools {

/// An event as a line of a log has it, without newline: `{"stream":...,"type":...,"created":...,"data":...}`, then,
/// where they say something, `meta`, `id`, `counter` (the lower half of `created`), `version` (of the event's
/// schema), `batch` and `silent`. Data and metadata stand there byte for byte. All that `hydrate` takes, so that a
/// store that is filled with the lines of another one gives the same lines.
[[nodiscard]] std::string event_line(const skald::record& r);

/// The same, and behind it the record's place in its store: `position`, `revision`, `recorded`, `hydrated` and
/// `outdated`.
[[nodiscard]] std::string record_line(const skald::record& r);

/// An event as a log has it.
struct log_event {
  skald::record record; ///< the id is nil where the log has none
  skald::timestamp time; ///< what the log says of `created`, without a counter that stands beside it
  bool is_foreign = false; ///< it is no line of skald's, whose times stand as they are where it has an id
};

/// Reads what both write; the place is looked over.
///
/// Throws `failure` (`invalid_argument`, `invalid_event`) that says what does not fit. Data and metadata are only
/// looked for: whoever takes the record checks them.
[[nodiscard]] log_event parse_event_line(std::string_view line, const log_time& times = log_time{});

} // namespace tools
