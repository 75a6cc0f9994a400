#pragma once

#include "../files.hpp"
#include "event_line.hpp"
#include "member_map.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tools {

/// How a log is written.
struct log_shape {
  enum class format { skald, json, cloudevents, csv };

  /// Throws `failure` (`invalid_argument`) where there is no format of this name, or it has no map. Empty texts are
  /// not given.
  log_shape(const std::string& format_name, const std::string& map, log_time times);

  format kind = format::skald;
  member_map members{};
  log_time times;
};

/// The events of a log, in its order.
class log_source {
public:
  virtual ~log_source() = default;

  /// The next event; none at the end. Throws `failure` (`invalid_argument`, `invalid_event`) about what is no event,
  /// and goes on after it; `read_failed` where nothing can be read any more.
  [[nodiscard]] virtual std::optional<log_event> next() = 0;

  /// The line in which the last event begins, or what was refused.
  [[nodiscard]] virtual std::uint64_t line() const noexcept = 0;
};

/// Shape and lines have to outlive it.
[[nodiscard]] std::unique_ptr<log_source> make_log_source(const log_shape& shape, line_reader& lines);

} // namespace tools
