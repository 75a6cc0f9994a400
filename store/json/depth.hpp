#pragma once

#include <skald/store/result.hpp>

#include <cstddef>
#include <string_view>

namespace skald::detail {

/// `check_json` for a text that carries what `limits::json_depth` is for, such as a request: it may nest `levels`
/// deep, and whoever takes what it carries says which part of that is too deep.
///
/// Precondition: `levels` has room for the limit and for what stands around: what is refused does carry something too
/// deep.
[[nodiscard]] result<void> check_json_within(std::string_view text, std::size_t levels);

} // namespace skald::detail
