#pragma once

#include <sqlite3.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <optional>
#include <set>

namespace skald::test {

/// What stores ask of a disk. A sum of them is a set.
enum disk_call : unsigned {
  write_log = 1,
  write_database = 2,
  sync_log = 4,
  sync_database = 8,
  truncate_file = 16,
  all_disk_calls = 31, ///< all that write
  read_log = 32,
  read_database = 64,
};

/// When a disk fails, and how.
struct disk_fault {
  unsigned calls = all_disk_calls; ///< which can fail
  int code = 0;       ///< what SQLite is told; 0: the I/O error that belongs to the call
  int call = 1;       ///< the first one that fails, counted from now on
  bool stays = false; ///< until it is repaired; else it is that one call
};

namespace detail {

struct disk_state {
  std::optional<disk_fault> fault;
  unsigned failed = 0;
  std::array<int, 7> counts{};
  std::set<const sqlite3_file*> unread; // files of which a read has failed
};

} // namespace detail

/// A disk that fails when it is told to, and counts: SQLite's own access to files. All files that are opened while it
/// lives lie on it, and are closed before it ends. There is one at a time. Safe to use from several threads.
class faulty_disk {
public:
  faulty_disk() {
    now_ = {};
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.zName = "faulty";
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~faulty_disk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  faulty_disk(const faulty_disk&) = delete;
  faulty_disk& operator=(const faulty_disk&) = delete;

  void fail(disk_fault how) {
    const std::lock_guard lock{mutex_};
    now_.fault = how;
    now_.failed = 0;
  }
  void repair() {
    const std::lock_guard lock{mutex_};
    now_.fault.reset();
  }

  /// The last call that failed since `fail`, or 0.
  [[nodiscard]] unsigned failed() const {
    const std::lock_guard lock{mutex_};
    return now_.failed;
  }

  /// How often these were called, successfully or not.
  [[nodiscard]] int count(unsigned calls) const {
    const std::lock_guard lock{mutex_};
    int sum = 0;
    for (std::size_t i = 0; i < now_.counts.size(); ++i)
      if ((calls >> i & 1) != 0) sum += now_.counts[i];
    return sum;
  }

private:
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int code = real_->xOpen(real_, name, file, flags, out);
    if (code != SQLITE_OK) return code;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) intercept<write_database, sync_database, read_database>(file);
    if ((flags & SQLITE_OPEN_WAL) != 0) intercept<write_log, sync_log, read_log>(file);
    return code;
  }

  /// SQLite has one table of functions for databases and another one for their logs.
  template <disk_call Write, disk_call Sync, disk_call Read>
  static void intercept(sqlite3_file* file) {
    static const sqlite3_io_methods* const real = file->pMethods;
    static const sqlite3_io_methods methods = [] {
      auto copy = *real;
      copy.xWrite = [](sqlite3_file* f, const void* bytes, int size, sqlite3_int64 offset) {
        const int fault = fault_of(Write, SQLITE_IOERR_WRITE);
        return fault != SQLITE_OK ? fault : real->xWrite(f, bytes, size, offset);
      };
      copy.xSync = [](sqlite3_file* f, int how) {
        const int fault = fault_of(Sync, SQLITE_IOERR_FSYNC);
        return fault != SQLITE_OK ? fault : real->xSync(f, how);
      };
      copy.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
        const int fault = fault_of(truncate_file, SQLITE_IOERR_TRUNCATE);
        return fault != SQLITE_OK ? fault : real->xTruncate(f, size);
      };
      // As SQLite's own access to files: EIO of a read becomes this code, and later SQLITE_CORRUPT.
      copy.xRead = [](sqlite3_file* f, void* bytes, int size, sqlite3_int64 offset) {
        const int fault = fault_of(Read, SQLITE_IOERR_CORRUPTFS);
        if (fault == SQLITE_OK) return real->xRead(f, bytes, size, offset);
        const std::lock_guard lock{mutex_};
        now_.unread.insert(f);
        return fault;
      };
      copy.xFileControl = [](sqlite3_file* f, int what, void* argument) {
        const std::lock_guard lock{mutex_};
        if (what != SQLITE_FCNTL_LAST_ERRNO || !now_.unread.contains(f)) return real->xFileControl(f, what, argument);
        *static_cast<int*>(argument) = EIO;
        return SQLITE_OK;
      };
      copy.xClose = [](sqlite3_file* f) {
        const std::lock_guard lock{mutex_};
        now_.unread.erase(f);
        return real->xClose(f);
      };
      return copy;
    }();
    file->pMethods = &methods;
  }

  /// Counts a call, and answers whether it fails and with what.
  static int fault_of(disk_call call, int usual_code) {
    const std::lock_guard lock{mutex_};
    ++now_.counts[static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(call)))];
    auto& fault = now_.fault;
    if (!fault || (fault->calls & call) == 0 || --fault->call > 0) return SQLITE_OK;
    const int code = fault->code != 0 ? fault->code : usual_code;
    now_.failed = call;
    if (!fault->stays) fault.reset();
    return code;
  }

  inline static std::mutex mutex_;
  inline static detail::disk_state now_;
  inline static sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
};

} // namespace skald::test
