#include <skald/store/sqlite/connection.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <sys/statvfs.h>

namespace skald::detail::sqlite {

namespace {

constexpr int busy_milliseconds = 5000; // the wait for another process
constexpr int busy_pause = 1; // between two tries
constexpr const char* moving_the_log = "moving its log into the database";

const char* what_to_do(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return "make room on the disk";
    case SQLITE_IOERR:
      return "see whether the disk and its file system are sound and have room, or raise the limit for files "
             "(ulimit -f)";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: // ten seconds without a turn at the log
      return "another process keeps the file locked: try again, or end that process";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return "see that it is a file, and that this user may read and write it and may create files beside it";
    case SQLITE_CORRUPT: return "restore the file from a backup";
    case SQLITE_NOTADB: return "choose another file, or restore it from a backup";
    case SQLITE_NOMEM: return "free some memory and try again";
    case SQLITE_ERROR: // of statements that are right as long as the tables are
      return "its tables are not as skald has made them, something else has changed the file: restore it from a backup";
    default: return "please report it";
  }
}

bool is_disk_fault(int code) noexcept {
  const int kind = code & 0xff;
  return kind == SQLITE_FULL || kind == SQLITE_READONLY || (kind == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM);
}

/// SQLite writes the mark that makes a transaction count, then syncs the file and enters the transaction into the
/// index of the log. Without the mark the transaction is gone. If one of the later steps fails, for want of memory as
/// well, the transaction may come to light after a crash.
outcome fate_of_commit(int code) {
  const int kind = code & 0xff;
  return kind == SQLITE_NOMEM || (kind == SQLITE_IOERR && code != SQLITE_IOERR_WRITE) ? outcome::unknown
                                                                                      : outcome::not_written;
}

/// SQLite gives `?`, `#` and `%` in names a meaning of their own.
std::string uri_of(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    constexpr const char* digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '?' || c == '#' || c == '%')
      (uri += '%') += {digits[byte / 16], digits[byte % 16]};
    else
      uri += c;
  }
  return uri;
}

/// The last error of the system on a file of a database. Its own error is no sign: SQLite reports EIO of a read as
/// damage.
int last_errno(sqlite3_file* file) noexcept {
  int code = 0;
  if (file && file->pMethods) file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &code);
  return code;
}

} // namespace

connection::connection(const std::filesystem::path& file, errc trouble, access how) : file_{file}, trouble_{trouble} {
  const int allowed = how == access::read_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int as_uri = how == access::immutable ? SQLITE_OPEN_URI : 0;
  const auto name = how == access::immutable ? uri_of(file) + "?immutable=1" : file.string();
  sqlite3* db = nullptr;
  const int code =
    sqlite3_open_v2(name.c_str(), &db, allowed | as_uri | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  db_.reset(db);
  if (code != SQLITE_OK) fail("opening it");
  wait_for_others();
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

void connection::closer::operator()(sqlite3* db) const noexcept { sqlite3_close(db); }

/// SQLite's own wait sleeps longer and longer, and so misses the moments between the commits of a busy process.
void connection::wait_for_others() const {
  const auto wait = [](void*, int tries) {
    if (tries * busy_pause >= busy_milliseconds) return 0;
    sqlite3_sleep(busy_pause);
    return 1;
  };
  sqlite3_busy_handler(get(), wait, nullptr);
}

bool connection::in_transaction() const noexcept { return sqlite3_get_autocommit(get()) == 0; }
bool connection::read_only() const noexcept { return sqlite3_db_readonly(get(), "main") == 1; }
int connection::changes() const noexcept { return sqlite3_changes(get()); }
std::int64_t connection::last_key() const noexcept { return sqlite3_last_insert_rowid(get()); }

void connection::execute(const char* purpose, const char* text) const {
  if (sqlite3_exec(get(), text, nullptr, nullptr, nullptr) != SQLITE_OK) fail(purpose);
}

void connection::use_write_ahead_log() const {
  constexpr const char* purpose = "switching it to write-ahead logging";
  constexpr int pause = 10;
  sqlite3_stmt* set = nullptr;
  if (sqlite3_prepare_v2(get(), "PRAGMA journal_mode = WAL", -1, &set, nullptr) != SQLITE_OK) fail(purpose);
  const auto finalize = [](sqlite3_stmt* s) { sqlite3_finalize(s); };
  const std::unique_ptr<sqlite3_stmt, decltype(finalize)> owner{set, finalize};
  for (int waited = 0;; waited += pause) {
    rows row{*this, purpose, set};
    const int code = sqlite3_step(set);
    if (code == SQLITE_ROW && row.text(0) == "wal") return;
    if (code == SQLITE_ROW) fail(purpose, "its file system cannot do that", "choose a file on a local disk");
    if ((code & 0xff) != SQLITE_BUSY || waited >= busy_milliseconds) fail(purpose);
    sqlite3_sleep(pause);
  }
}

void connection::take_over_log() const {
  sqlite3_busy_handler(get(), nullptr, nullptr);
  const int code = sqlite3_wal_checkpoint_v2(get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) fail(moving_the_log);
  wait_for_others();
}

void connection::shorten_log() const {
  const int code = sqlite3_wal_checkpoint_v2(get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (is_disk_fault(code)) fail(moving_the_log);
}

void connection::watch_log(log_size& size) const noexcept {
  const auto note = [](void* to, sqlite3*, const char*, int pages) {
    auto& log = *static_cast<log_size*>(to);
    log = {pages, pages > log.pages ? pages - log.pages : pages, true};
    return SQLITE_OK;
  };
  sqlite3_wal_hook(get(), note, &size);
}

void connection::keep_log() const noexcept { sqlite3_db_config(get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

bool connection::copy_to(const connection& to, const copy_progress& go_on) const {
  constexpr int pages_at_once = 64; // 256 KiB
  const auto finish = [](sqlite3_backup* copy) { sqlite3_backup_finish(copy); };
  const std::unique_ptr<sqlite3_backup, decltype(finish)> copy{sqlite3_backup_init(to.get(), "main", get(), "main"),
                                                               finish};
  if (!copy) to.fail("overwriting it");
  for (;;) {
    const int code = sqlite3_backup_step(copy.get(), pages_at_once);
    const auto pages = sqlite3_backup_pagecount(copy.get());
    const auto done = pages - sqlite3_backup_remaining(copy.get());
    if (code == SQLITE_DONE) return true;
    if (code != SQLITE_OK) to.fail("copying '" + file_.string() + "' into it", code, sqlite3_errstr(code));
    if (!go_on(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(pages))) return false;
  }
}

void connection::fail(const char* purpose, outcome fate) const {
  fail(purpose, sqlite3_extended_errcode(get()), sqlite3_errmsg(get()), fate);
}

/// Whether SQLite has met an error of the disk through this handle. Then damage that it finds may be a page that it
/// could not read: the file may be whole.
bool connection::disk_has_failed() const noexcept {
  if (disk_failed_) return true;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  sqlite3_file* database = nullptr;
  sqlite3_file_control(get(), "main", SQLITE_FCNTL_FILE_POINTER, &database);
  return last_errno(database) != 0 || last_errno(log) != 0;
}

void connection::fail(const std::string& purpose, int code, const char* message, outcome fate) const {
  const auto reason = std::string{message} + " (SQLite code " + std::to_string(code) + ")";
  const bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
  if (is_disk_fault(code)) disk_failed_ = true;
  if (damaged && disk_has_failed())
    throw disk_fault{{trouble_,
                      sentence(purpose, reason + ", after the disk has failed: the file may be whole",
                               "see whether the disk and its file system are sound"),
                      fate}};
  error why{damaged ? trouble_with_damage() : trouble_,
            sentence(purpose, reason,
                     read_only_disk(code)
                       ? "its file system can only be read: see in the system's log why that is, and "
                         "mount it for writing again"
                       : what_to_do(code)),
            fate};
  if (is_disk_fault(code)) throw disk_fault{std::move(why)};
  throw failure{std::move(why)};
}

void connection::fail(const char* purpose, const std::string& reason, const char* advice) const {
  throw failure{trouble_, sentence(purpose, reason, advice)};
}

void connection::fail_read_only(const char* purpose, const std::string& reason) const {
  fail(purpose, reason, what_to_do(SQLITE_READONLY));
}

void connection::corrupt(const std::string& what) const {
  throw failure{trouble_with_damage(), sentence("reading what is stored", what, what_to_do(SQLITE_CORRUPT))};
}

/// Whether a write failed because a file system was turned read-only, which SQLite calls an I/O error.
bool connection::read_only_disk(int code) const noexcept {
  if (!is_disk_fault(code)) return false;
  struct statvfs disk{};
  return sqlite3_system_errno(get()) == EROFS ||
         (::statvfs(file_.c_str(), &disk) == 0 && (disk.f_flag & ST_RDONLY) != 0);
}

errc connection::trouble_with_damage() const noexcept {
  return trouble_ == errc::open_failed ? trouble_ : errc::corrupt;
}

std::string connection::sentence(const std::string& purpose, const std::string& reason, const char* advice) const {
  return "store '" + file_.string() + "': " + purpose + ": " + reason + ": " + advice;
}

rows::~rows() { sqlite3_reset(statement_); }

bool rows::next() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) db_.fail(purpose_);
  return code == SQLITE_ROW;
}

void rows::run_anyway() noexcept { (void)sqlite3_step(statement_); }

void rows::commit() {
  if (const int code = sqlite3_step(statement_); code != SQLITE_DONE) db_.fail(purpose_, fate_of_commit(code));
}

bool rows::null(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t rows::integer(int column) const noexcept { return sqlite3_column_int64(statement_, column); }

std::string_view rows::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (!bytes && !null(column)) db_.fail(purpose_); // no memory
  return {bytes, bytes ? static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)) : 0};
}

std::optional<event_id> rows::id(int column) const {
  event_id::bytes_type bytes;
  const auto* stored = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  if (!stored || sqlite3_column_bytes(statement_, column) != static_cast<int>(bytes.size())) return {};
  std::copy_n(stored, bytes.size(), bytes.begin());
  return event_id{bytes};
}

statement::statement(const connection& db, const char* purpose, const std::string& text) : db_{db}, purpose_{purpose} {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(db.get(), text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                                      &prepared, nullptr);
  statement_.reset(prepared);
  if (code != SQLITE_OK) db.fail((std::string{"preparing for "} + purpose).c_str());
}

void statement::finalizer::operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }

void statement::bind(int i, std::int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), i, value) != SQLITE_OK) db_.fail(purpose_);
}

void statement::bind(int i, std::string_view value) {
  const int code = sqlite3_bind_text64(statement_.get(), i, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) db_.fail(purpose_);
}

void statement::bind(int i, std::span<const std::uint8_t> value) {
  if (sqlite3_bind_blob64(statement_.get(), i, value.data(), value.size(), SQLITE_STATIC) != SQLITE_OK)
    db_.fail(purpose_);
}

void statement::bind(int i, const std::optional<std::string_view>& value) {
  if (value) return bind(i, *value);
  if (sqlite3_bind_null(statement_.get(), i) != SQLITE_OK) db_.fail(purpose_);
}

} // namespace skald::detail::sqlite
