#pragma once

#include "../files.hpp"
#include <skald/store/ids.hpp>
#include <skald/store/result.hpp>

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The lines of an acknowledgement log, which `docs/reference/audit.md` describes. What they look like never changes
/// but with a new version.
namespace tools {

inline constexpr std::uint32_t ack_log_version = 1;

/// Begins the lines of one run.
struct run_line {
  std::string run; ///< when it began
  std::uint32_t version = ack_log_version;
  std::uint64_t ns = 0; ///< of the machine's monotonic clock, as in all lines
};

/// An event as it is sent.
struct sent_event {
  std::string id;
  std::string hash;
};

/// Stands there before an append is sent.
struct send_line {
  std::uint64_t send = 0; ///< the number of the append in its run
  std::uint64_t ns = 0;
  std::string stream;
  std::vector<sent_event> events;
};

/// The append is acknowledged.
struct ack_line {
  std::uint64_t ack = 0; ///< the number that was sent
  std::uint64_t ns = 0;
  std::uint64_t revision = 0; ///< of the stream, behind the last event
  std::uint64_t first = 0; ///< the position of the first event
};

/// Nothing of the append was written.
struct refused_line {
  std::uint64_t refused = 0;
  std::uint64_t ns = 0;
  std::string code;
};

/// The append was written or not: nobody could say.
struct unknown_line {
  std::uint64_t unknown = 0;
  std::uint64_t ns = 0;
  std::string code;
};

BOOST_DESCRIBE_STRUCT(run_line, (), (run, version, ns))
BOOST_DESCRIBE_STRUCT(sent_event, (), (id, hash))
BOOST_DESCRIBE_STRUCT(send_line, (), (send, ns, stream, events))
BOOST_DESCRIBE_STRUCT(ack_line, (), (ack, ns, revision, first))
BOOST_DESCRIBE_STRUCT(refused_line, (), (refused, ns, code))
BOOST_DESCRIBE_STRUCT(unknown_line, (), (unknown, ns, code))

using ack_log_line = std::variant<run_line, send_line, ack_line, refused_line, unknown_line>;

/// Without newline.
[[nodiscard]] std::string text_of(const ack_log_line& line);

/// Errors: `invalid_argument` for what is no such line; one that was cut off anywhere is none.
[[nodiscard]] skald::result<ack_log_line> parse_ack_log_line(std::string_view text);

/// What tells later whether an event is what was sent: a digest of type, data and metadata.
[[nodiscard]] skald::event_id hash_of(std::string_view type, std::string_view data, std::string_view meta);

/// Writes an acknowledgement log, behind what the file holds already. Each line is with the system when `write`
/// returns, so that it outlives the process.
class ack_log_writer {
public:
  /// Makes the file, or goes on with it, and begins a run in it. Throws `failure`: `open_failed` where another process
  /// writes to it, `invalid_argument` for a file that is something else, and what `write` throws.
  ack_log_writer(std::string name, const std::string& run, std::uint64_t ns);

  /// Throws `failure` (`insertion_failed`), and then at each further call: what was written last may be half a line.
  void write(const ack_log_line& line);

private:
  void write_text(const std::string& text);

  std::string name_;
  descriptor file_;
  std::optional<skald::error> broken_;
};

} // namespace tools
