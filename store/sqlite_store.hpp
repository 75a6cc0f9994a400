#pragma once

#include <skald/store/event_store.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace skald {

/// Opens a store in a SQLite file. Creates the file (mode 0600) if it is missing; its folder has to exist.
///
/// The file uses SQLite's write-ahead log, with `synchronous=FULL` for `durability::full` and `NORMAL` for `relaxed`.
/// Reads have their own connections and do not wait for writes.
///
/// Several processes may open the file. An append waits up to five seconds for the append of another process. Then the
/// answer is `insertion_failed`; try again.
///
/// Errors: `invalid_argument` for a name that no file can have; else `open_failed`, for a missing or read-only folder
/// or file, a file that is no database, or a database of another program or of a newer skald. The message names the
/// file and says what to do.
[[nodiscard]] result<std::unique_ptr<event_store>> open_sqlite_store(const std::filesystem::path& file,
                                                                     store_options options = {});

/// Verifies a file that cannot be opened as a store: its newest page is damaged, its disk is full, or the file, its
/// folder or its file system is read-only. Finds what `event_store::verify` finds.
///
/// Changes nothing in the file. Continues after pages that cannot be read, because of damage or a failing disk.
/// If the log of the store cannot be read, it reports that as a problem, since newer events may be in the log alone.
/// Nobody should write to such a file meanwhile.
///
/// Errors: `invalid_argument`; `open_failed` for a file that is no store, whose first page is damaged, or that has an
/// older version of the schema; `read_failed`. Cost grows with the size of the store, memory does not.
[[nodiscard]] result<verification> verify_sqlite_store(const std::filesystem::path& file);

/// The progress of a backup, in pages of the database.
struct backup_progress {
  std::uint64_t done = 0;
  std::uint64_t all = 0;
};

/// A backup that is complete and on the disk.
struct backup_report {
  std::uint64_t bytes = 0; ///< the size of the file
  /// The verification of the copy, which found no problem. None for a store with an older version of the schema: SQLite
  /// checked only its pages and indexes.
  std::optional<verification> found;
};

/// Copies the store in the file `from` to the new file `to`, while processes read and write the store.
///
/// The copy is the store as of one moment. You can open it as a store; then it begins an epoch of its own (see
/// `store_identity`). It grows under the name `to` with `.partial` after it, and gets the name `to` when it is
/// complete, verified and on the disk. So `to` is never half a backup. A call begins anew and overwrites the partial
/// file of an earlier one.
///
/// `go_on` is called now and then. If it returns false, the backup stops.
///
/// Errors:
///
/// - `invalid_argument`: `to` exists or is the store itself.
/// - `open_failed`: `from` is no store, or the copy cannot be created.
/// - `insertion_failed`: the copy cannot be written.
/// - `corrupt`: the copy is damaged, and so is the store. The partial file stays for a closer look.
/// - `stopped`: `go_on` returned false.
///
/// Cost grows with the size of the store: the copy reads and writes each page once, and the verification reads each
/// event. Memory does not grow. Meanwhile SQLite cannot shorten the write-ahead log of the store, which grows with each
/// append.
[[nodiscard]] result<backup_report> back_up_sqlite_store(const std::filesystem::path& from,
                                                         const std::filesystem::path& to,
                                                         const std::function<bool(backup_progress)>& go_on = {});

} // namespace skald
