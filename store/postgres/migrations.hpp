#pragma once

#include <span>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The SQL that makes each version of the PostgreSQL schema from the version before it: `schema/1.sql`,
/// `schema/2.sql` and so on, embedded by `scripts/embed-sql.sh`. Released files never change.
[[nodiscard]] std::span<const char* const> migrations() noexcept;

} // namespace skald::detail::postgres
