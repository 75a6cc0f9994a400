#pragma once

#include "../files.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tools {

/// Finds the objects of a log: one a line, over several lines, or in arrays of any length. Memory holds one object.
///
/// An object that is cut off ends where the next one begins, if that stands at the beginning of a line.
class json_pieces {
public:
  explicit json_pieces(line_reader& lines) : lines_{lines} {}

  /// The text of the next object, until the next call; none at the end. Its brackets are balanced, and it has no
  /// newline, but it may still be no JSON. Throws `failure` (`invalid_argument`) about what cannot be an object, and
  /// goes on after it.
  [[nodiscard]] std::optional<std::string_view> next();

  /// Where the last object begins, or what was refused.
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }

private:
  bool read_line();
  std::string_view object();
  void skip_space();
  [[noreturn]] void refuse_line(const std::string& why);

  line_reader& lines_;
  std::string_view rest_; ///< of the line
  std::string piece_; ///< of an object that goes over several lines
  std::uint64_t number_ = 0;
  std::uint64_t line_ = 0;
  std::uint64_t array_line_ = 0;
  bool in_array_ = false;
  bool after_element_ = false; ///< of the array
};

} // namespace tools
