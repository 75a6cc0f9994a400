#pragma once

#include <skald/store/record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// What is wrong with a record, by its stored checksum; null if nothing is.
[[nodiscard]] const char* problem_of_checksum(const record& r, std::optional<std::uint64_t> kept);

/// A sentence that names the record and its problem.
[[nodiscard]] std::string sentence_about(const record& r, std::string_view problem);

} // namespace skald::detail
