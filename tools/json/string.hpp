#pragma once

#include <string>
#include <string_view>

namespace tools {

/// The string that a JSON text is, in memory for it alone. Precondition: it is one.
[[nodiscard]] std::string json_string_in(std::string_view json);

} // namespace tools
