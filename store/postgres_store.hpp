#pragma once

#include <skald/store/event_store.hpp>

#include <memory>
#include <string>

namespace skald {

/// Opens a store in a schema of a PostgreSQL database (version 15 or newer, encoded in UTF-8). Creates the schema and
/// its tables if they are missing.
///
/// `url` is a connection URI of libpq, such as
/// `postgresql://user:password@host:5432/database?schema=fines&sslmode=require`. Its query takes the parameters of
/// libpq, and
///
/// - `schema`: the schema of the tables, `skald` by default;
/// - `deadline`: in milliseconds, 30000 by default. A server that does not answer a statement by then counts as lost. A
///   call waits as long for a lost server to come back.
///
/// The store writes and listens in one session. It opens up to eight more for reads that run at the same time.
///
/// Several nodes may open the schema. An append waits up to five seconds for the append of another node. Then the
/// answer is `insertion_failed`; try again. `durability::relaxed` is `synchronous_commit=off`, for the transactions of
/// this store.
///
/// After a lost connection, the store connects again and repeats the unfinished work. If the connection was lost during
/// a commit, it first looks whether the transaction was written. If there is no new connection by the deadline, the
/// answer is `insertion_failed` with `outcome::unknown`. You can safely repeat the request with the same event ids.
///
/// Errors: `invalid_argument` for a URL that is wrong; `open_failed` if there is no such server, database or user, the
/// password is wrong, the schema belongs to a newer skald, or this skald was built without PostgreSQL. No message holds
/// a password.
[[nodiscard]] result<std::unique_ptr<event_store>> open_postgres_store(const std::string& url,
                                                                       store_options options = {});

} // namespace skald
