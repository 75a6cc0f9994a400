#pragma once

#include <string>
#include <string_view>

namespace skald::detail {

/// Makes any text safe for a message: in quotation marks, on one line, in UTF-8, and cut after 128 bytes.
///
/// Ends of lines, invisible characters, changes of the direction of reading and bytes that are not UTF-8 are escaped,
/// such as `\n`, `\u202e` and `\xff`.
[[nodiscard]] std::string in_quotes(std::string_view text, char mark = '\'');

/// Joins the lines of another program's message with semicolons, without their indents.
[[nodiscard]] std::string on_one_line(std::string_view lines);

} // namespace skald::detail
