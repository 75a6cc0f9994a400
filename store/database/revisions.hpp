#pragma once

#include <skald/store/ids.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// Revisions as a JSON array.
[[nodiscard]] std::string json_of(const std::vector<revision>& revisions);

/// Appends the revisions of a JSON array; false if the text is none.
[[nodiscard]] bool read_revisions(std::string_view text, std::vector<revision>& revisions);

} // namespace skald::detail
