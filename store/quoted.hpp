#pragma once

#include <string>
#include <string_view>

namespace skald::detail {

/// Text of any kind for a message: in quotation marks, on one line, in UTF-8, and cut where it is long.
///
/// What ends a line, turns the direction of reading, cannot be seen or is no UTF-8 is escaped, such as `\n`, `\u202e`
/// and `\xff`.
[[nodiscard]] std::string in_quotes(std::string_view text, char mark = '\'');

/// What another program says in several lines, some of them indented: with semicolons between them.
[[nodiscard]] std::string on_one_line(std::string_view lines);

} // namespace skald::detail
