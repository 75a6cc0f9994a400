#pragma once

#include <skald/store/record.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// The members of a record that databases store as signed integers.
struct stored_numbers {
  std::int64_t position;
  std::int64_t revision;
  std::int64_t schema_version;
  std::int64_t created;
  std::int64_t recorded;
  std::int64_t flags;
};

/// Sets these members of a record, and its batch key if it has one. Returns what skald cannot have written, or null.
[[nodiscard]] const char* restore(record& r, const stored_numbers& from, std::optional<std::string_view> batch);

} // namespace skald::detail
