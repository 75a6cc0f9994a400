#pragma once

#include <skald/store/record.hpp>

#include <string>
#include <string_view>

namespace tools {

/// An event as a line of a log has it, without newline: `{"stream":...,"type":...,"created":...,"data":...}`, then, where
/// they say something, `meta`, `id`, `counter` (the lower half of `created`), `version` (of the event's schema), `batch` and
/// `silent`. Data and metadata stand there byte for byte. All that `hydrate` takes, so that a store that is filled with the
/// lines of another one gives the same lines.
[[nodiscard]] std::string event_line(const skald::record& r);

/// The same, and behind it the record's place in its store: `position`, `revision`, `recorded`, `hydrated` and `outdated`.
[[nodiscard]] std::string record_line(const skald::record& r);

/// Reads what both write; the place is looked over. The id is nil where the line has none.
///
/// Throws `failure` (`invalid_argument`, `invalid_event`) that says what does not fit. Data and metadata are only looked
/// for: whoever takes the record checks them.
[[nodiscard]] skald::record parse_event_line(std::string_view line);

} // namespace tools
