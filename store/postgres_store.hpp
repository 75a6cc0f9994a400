#pragma once

#include <skald/store/event_store.hpp>

#include <memory>
#include <string>

namespace skald {

/// Opens a store in a schema of a PostgreSQL database (15 or newer, encoded in UTF-8); schema and tables are created
/// where they are missing.
///
/// `url` is a connection URI of libpq, such as
/// `postgresql://user:password@host:5432/database?schema=fines&sslmode=require`. Besides what libpq knows, its query
/// takes
///
/// - `schema`: where the tables are, `skald` unless given;
/// - `deadline`: milliseconds, 30000 unless given. A server that does not answer a statement by then has lost its
///   connection; and so long a lost one is waited for to come back.
///
/// A store has one session for writing and listening, and opens up to eight for readers as they are wanted at the
/// same time.
///
/// Several nodes may have the schema open: their appends wait for each other for at most five seconds, then answer
/// `insertion_failed`, and may be tried again. `durability::relaxed` is `synchronous_commit=off`, for what this store
/// writes.
///
/// A lost connection is replaced by a new one, and what it had not finished is done again. Where it was lost while a
/// transaction was being committed, the new one tells whether that was written; only where there is none by the
/// deadline the answer is `insertion_failed` with `outcome::unknown`. To repeat the request with the same event ids
/// is safe.
///
/// Errors: `invalid_argument` for an URL that cannot be understood, `open_failed` where there is no such server,
/// database or user, the password is wrong, the schema belongs to a newer skald, or this skald was built without
/// PostgreSQL. No message holds a password.
[[nodiscard]] result<std::unique_ptr<event_store>> open_postgres_store(const std::string& url,
                                                                       store_options options = {});

} // namespace skald
