#pragma once

#include <skald/store/event_store.hpp>

#include <filesystem>
#include <memory>

namespace skald {

/// Opens a SQLite file, which is created (mode 0600) where there is none; its folder has to be there.
///
/// `durability::full` is SQLite's write-ahead log with `synchronous=FULL`, `relaxed` is `NORMAL`. Readers have
/// connections of their own and never wait for a writer. Several processes may have the file open: an append waits up to
/// five seconds for another process's, then answers `insertion_failed`, and may be tried again. Errors: `invalid_argument` for a name that no file can have, else `open_failed`, where the message names the file and what to do: a missing or
/// read-only folder or file, a file that is no database, a database of another program or of a newer skald.
[[nodiscard]] result<std::unique_ptr<event_store>> open_sqlite_store(const std::filesystem::path& file,
                                                                     store_options options = {});

} // namespace skald
