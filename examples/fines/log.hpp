#pragma once

#include "events.hpp"
#include <skald/store/ids.hpp>
#include <skald/store/result.hpp>
#include <skald/store/timestamp.hpp>

#include <cstddef>
#include <filesystem>
#include <istream>
#include <string>
#include <vector>

namespace fines {

/// One event of a log.
struct log_line {
  std::size_t number; ///< 1 for the first line of the file
  skald::stream_id stream;
  skald::timestamp created;
  skald::event_id id;
  fine_event data;
};

struct event_log {
  std::string name; ///< of the file, for messages
  std::vector<log_line> lines;
};

/// Reads a log, one JSON object a line: `{"stream": ..., "type": ..., "created": ..., "data": {...}}`.
///
/// Strict, and all or nothing: the first line that does not fit is the error, and its number is in the message. Lines
/// have no event ids, so they get derived ones, from time, stream, type, data and which one it is of the lines that
/// are the same in all of these. So an event keeps its id when lines are added to the log, wherever that is, and
/// importing it once more changes nothing. A line that is in two files is one event. Errors: `read_failed`,
/// `invalid_event`.
[[nodiscard]] skald::result<event_log> read_log(const std::filesystem::path& file);
[[nodiscard]] skald::result<event_log> read_log(std::istream& in, std::string name);

/// `FILE:LINE: what is wrong there`.
[[nodiscard]] std::string at_line(const std::string& log, std::size_t number, const std::string& what);

} // namespace fines
