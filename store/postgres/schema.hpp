#pragma once

#include <skald/store/event_store.hpp>
#include <skald/store/postgres/connection.hpp>

#include <memory>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// Opens a session that is set up for skald. `trouble` is the code of its errors.
[[nodiscard]] std::unique_ptr<connection> open_session(const postgres_url& to, errc trouble, watchdog& dog,
                                                       durability kept);

/// Opens a session, and makes the tables in its schema or migrates them to the newest version. Throws `open_failed`.
[[nodiscard]] std::unique_ptr<connection> open_for_writing(const postgres_url& to, const store_options& options,
                                                           watchdog& dog);

/// Opens a session for a reader.
[[nodiscard]] std::unique_ptr<connection> open_for_reading(const postgres_url& to, watchdog& dog, durability kept);

} // namespace skald::detail::postgres
