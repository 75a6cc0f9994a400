#pragma once

#include "../files.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools {

/// Reads a table of comma-separated values (RFC 4180) whose first row names its columns. Memory holds one row.
class csv_rows {
public:
  explicit csv_rows(line_reader& lines) : lines_{lines} {}

  /// The next row as a JSON object of strings, each under the name of its column; none at the end. A field that is
  /// empty, and not quoted, is null. Throws `failure`: `invalid_argument` about a row, and goes on after it;
  /// `read_failed` where the first row names no columns.
  [[nodiscard]] std::optional<std::string> next();

  /// Where the last row begins.
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }

  static constexpr std::size_t most_columns = 1000;

private:
  struct field {
    std::string text;
    bool is_quoted = false;
  };

  void read_header();
  /// False at the end.
  bool read_row(std::size_t most_fields);
  field read_quoted(std::string_view& rest);

  line_reader& lines_;
  std::vector<std::string> columns_; ///< as JSON strings
  std::vector<field> row_;
  std::size_t bytes_ = 0; ///< of its lines
  std::uint64_t line_ = 0;
};

} // namespace tools
