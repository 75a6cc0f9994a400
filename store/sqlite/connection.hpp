#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/result.hpp>
#include <skald/store/timestamp.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// A failure of the disk. What it holds is unknown until the file is opened again.
class disk_fault : public failure {
public:
  using failure::failure;
};

/// How a file is opened. `immutable` asks for no lock and looks at no log: it works where nothing else does, if nobody
/// writes meanwhile.
enum class access : std::uint8_t { read_write, read_only, immutable };

/// The length of the log, in pages.
struct log_size {
  int pages = 0; ///< after the newest commit
  int newest = 0; ///< those of that commit
  bool grown = false; ///< since it was looked at
};

/// A handle of SQLite, and the words for its errors. For one thread at a time.
class connection {
public:
  /// Opens a file that exists. `trouble` is the code of errors.
  connection(const std::filesystem::path& file, errc trouble, access how = access::read_write);

  void set_trouble(errc trouble) noexcept { trouble_ = trouble; }
  [[nodiscard]] sqlite3* get() const noexcept { return db_.get(); }
  [[nodiscard]] bool in_transaction() const noexcept;
  /// Whether the file can only be read.
  [[nodiscard]] bool read_only() const noexcept;
  /// The rows that the last statement changed.
  [[nodiscard]] int changes() const noexcept;
  /// The key of the row that was inserted last.
  [[nodiscard]] std::int64_t last_key() const noexcept;

  void execute(const char* purpose, const char* text) const;

  /// Switches the file to write-ahead logging. SQLite does not wait when two processes do that at the same time.
  void use_write_ahead_log() const;

  /// Moves the log of an earlier process into the database, and empties the log.
  ///
  /// If a sync of the log had failed, the system has forgotten that its pages are not on the disk. Pages that were
  /// appended after them would be lost with them. The log stays if other processes have the file open: they know it.
  void take_over_log() const;

  /// Moves the log into the database. SQLite would do so by itself, but would not report a sync that fails.
  void shorten_log() const;

  /// Updates `size` after each commit. It must outlive the connection.
  void watch_log(log_size& size) const noexcept;

  /// Keeps the log when the last connection is closed, instead of moving it into the database.
  void keep_log() const noexcept;

  /// Called with the number of pages that are copied, and of all pages. Returns false to stop.
  using copy_progress = std::function<bool(std::uint64_t, std::uint64_t)>;

  /// Overwrites `to` with all pages of this database. Returns whether it was copied to the end; otherwise `to` is as
  /// it was. Within a transaction, the pages are those that the transaction sees, whatever others write meanwhile.
  [[nodiscard]] bool copy_to(const connection& to, const copy_progress& go_on) const;

  /// Throws the last error of SQLite.
  [[noreturn]] void fail(const char* purpose, outcome fate = outcome::not_written) const;
  [[noreturn]] void fail(const char* purpose, const std::string& reason, const char* advice) const;
  [[noreturn]] void fail_read_only(const char* purpose, const std::string& reason) const;
  /// Throws for damage that SQLite itself does not notice.
  [[noreturn]] void corrupt(const std::string& what) const;

private:
  struct closer {
    void operator()(sqlite3* db) const noexcept;
  };

  void wait_for_others() const;
  [[nodiscard]] bool disk_has_failed() const noexcept;
  [[noreturn]] void fail(const std::string& purpose, int code, const char* message,
                         outcome fate = outcome::not_written) const;
  [[nodiscard]] bool read_only_disk(int code) const noexcept;
  [[nodiscard]] errc trouble_with_damage() const noexcept;
  [[nodiscard]] std::string sentence(const std::string& purpose, const std::string& reason, const char* advice) const;

  std::filesystem::path file_;
  errc trouble_;
  mutable bool disk_failed_ = false; // as far as errors of SQLite have said so
  std::unique_ptr<sqlite3, closer> db_;
};

/// One execution of a statement. The values that were bound to it must outlive it.
class rows {
public:
  rows(const connection& db, const char* purpose, sqlite3_stmt* statement) noexcept
    : db_{db}, purpose_{purpose}, statement_{statement} {}
  ~rows();
  rows(const rows&) = delete;
  rows& operator=(const rows&) = delete;

  /// Moves to the next row; false after the last one. Texts of the previous row become invalid.
  bool next();
  /// Runs a statement that has no rows, and ignores its errors.
  void run_anyway() noexcept;
  /// Runs a COMMIT. Its failure tells whether the transaction may have been written.
  void commit();

  [[nodiscard]] bool null(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::optional<event_id> id(int column) const;
  [[noreturn]] void corrupt(const std::string& what) const { db_.corrupt(what); }

private:
  const connection& db_;
  const char* purpose_;
  sqlite3_stmt* statement_;
};

/// A prepared statement. `purpose` is the attempt that an error names. The connection must outlive it.
class statement {
public:
  statement(const connection& db, const char* purpose, const std::string& text);

  /// Binds `values` in their order, by reference.
  template <class... Values>
  [[nodiscard]] rows operator()(const Values&... values) {
    [[maybe_unused]] int i = 0;
    (bind(++i, values), ...);
    return {db_, purpose_, statement_.get()};
  }

  /// Runs it for its effect.
  template <class... Values>
  void run(const Values&... values) {
    (*this)(values...).next();
  }

  /// The integer in its only row.
  template <class... Values>
  [[nodiscard]] std::int64_t integer(const Values&... values) {
    auto row = (*this)(values...);
    row.next();
    return row.integer(0);
  }

private:
  struct finalizer {
    void operator()(sqlite3_stmt* s) const noexcept;
  };

  void bind(int i, std::int64_t value);
  void bind(int i, std::string_view value);
  void bind(int i, std::span<const std::uint8_t> value);
  void bind(int i, const std::optional<std::string_view>& value);
  /// What is beyond the integers of SQLite compares like the largest of them.
  void bind(int i, std::uint64_t value) { bind(i, static_cast<std::int64_t>(std::min(value, largest))); }
  void bind(int i, position value) { bind(i, value.value); }
  void bind(int i, revision value) { bind(i, value.value); }
  void bind(int i, timestamp value) { bind(i, value.ticks()); }
  void bind(int i, const stream_id& value) { bind(i, std::string_view{value.str()}); }
  void bind(int i, const command_id& value) { bind(i, std::string_view{value.str()}); }
  void bind(int i, const relation_key& value) { bind(i, std::string_view{value.str()}); }
  void bind(int i, const event_id& value) { bind(i, std::span{value.bytes()}); }

  static constexpr std::uint64_t largest = INT64_MAX;

  const connection& db_;
  const char* purpose_;
  std::unique_ptr<sqlite3_stmt, finalizer> statement_;
};

/// NULL for an optional text that is not there.
[[nodiscard]] inline std::optional<std::string_view> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>{text};
}

} // namespace skald::detail::sqlite
