#pragma once

#include <skald/store/event_store.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace skald {

/// Opens a SQLite file, which is created (mode 0600) where there is none; its folder has to be there.
///
/// `durability::full` is SQLite's write-ahead log with `synchronous=FULL`, `relaxed` is `NORMAL`. Readers have
/// connections of their own and never wait for a writer. Several processes may have the file open: an append waits up to
/// five seconds for another process's, then answers `insertion_failed`, and may be tried again. Errors: `invalid_argument` for a name that no file can have, else `open_failed`, where the message names the file and what to do: a missing or
/// read-only folder or file, a file that is no database, a database of another program or of a newer skald.
[[nodiscard]] result<std::unique_ptr<event_store>> open_sqlite_store(const std::filesystem::path& file,
                                                                     store_options options = {});

/// How far a backup is, in pages of the database.
struct backup_progress {
  std::uint64_t done = 0;
  std::uint64_t all = 0;
};

/// A backup that is complete and on the disk.
struct backup_report {
  std::uint64_t bytes = 0; ///< the size of the file
  /// What the verification of the copy has found: nothing is wrong, or the backup would have failed. None for a store of an
  /// older version of the schema, of which SQLite has checked the pages and indexes alone.
  std::optional<verification> found;
};

/// Copies the store in the file `from` to the new file `to`, while processes read and write the store.
///
/// The copy holds the store as it was at one moment, and can be opened as a store: then it begins an epoch of its own (see
/// `store_identity`). It grows under the name `to` followed by
/// `.partial`. When it is complete, verified and on the disk, it gets its name: `to` is never half a backup. `go_on` is called
/// now and then; if it returns false, the backup stops. A later call begins anew, and overwrites the partial file.
///
/// The store cannot shorten its log meanwhile, so the log grows with what is appended. Memory does not grow. Cost grows with
/// the size of the store: the copy reads and writes each page once, and the verification reads each event.
///
/// Errors: `invalid_argument` if `to` exists or is the store itself; `open_failed` if `from` is no store or the copy
/// cannot be created; `insertion_failed` if it cannot be written; `corrupt` if the copy is damaged, as is the store then: the partial file stays, to be looked
/// at; `stopped` if `go_on` returned false.
[[nodiscard]] result<backup_report> back_up_sqlite_store(const std::filesystem::path& from,
                                                         const std::filesystem::path& to,
                                                         const std::function<bool(backup_progress)>& go_on = {});

} // namespace skald
