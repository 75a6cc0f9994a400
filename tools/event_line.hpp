#pragma once

#include <skald/store/record.hpp>

#include <string>

namespace tools {

/// An event as a line of a log has it, without newline: `{"stream":...,"type":...,"created":...,"data":...}`, then, where
/// they say something, `meta`, `id`, `counter` (the lower half of `created`), `version` (of the event's schema) and
/// `silent`. Data and metadata stand there byte for byte. All that `hydrate` takes, so that a store that is filled with the
/// lines of another one gives the same lines.
[[nodiscard]] std::string event_line(const skald::record& r);

/// The same, and behind it the record's place in its store: `position`, `revision`, `recorded`, `batch`, `hydrated` and
/// `outdated`.
[[nodiscard]] std::string record_line(const skald::record& r);

} // namespace tools
