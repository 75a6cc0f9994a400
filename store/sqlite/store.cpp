#include <skald/store/database/store.hpp>

#include <skald/store/append/sameness.hpp>
#include <skald/store/checksum.hpp>
#include <skald/store/database/head_tracker.hpp>
#include <skald/store/database/known_streams.hpp>
#include <skald/store/database/known_types.hpp>
#include <skald/store/database/reader_pool.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/database/schema_version.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/read/merge_streams.hpp>
#include <skald/store/sqlite/migrations.hpp>
#include <skald/store/sqlite_store.hpp>
#include <skald/store/transaction.hpp>
#include <skald/store/values/flags.hpp>
#include <skald/store/values/last_position.hpp>
#include <skald/store/verify/completeness.hpp>
#include <skald/store/verify/inspector.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <set>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace skald {

namespace {

using detail::sqlite::migrations;

constexpr std::int64_t application_id = 0x736b6c64; // "skld"
constexpr int busy_milliseconds = 5000; // how long another process is waited for
constexpr int busy_pause = 1; // between two looks whether it is done
constexpr int most_pages_in_log = 1000; // before they are moved into the database, as far as readers let them
constexpr std::size_t most_readers = 16;
constexpr std::size_t most_cached_streams = 16384;

constexpr const char* no_store = "see whether the name is right; it has to be made first";
constexpr const char* moving_the_log = "moving its log into the database";

constexpr std::int64_t first_with_checksums = 3;
const auto schema_version = static_cast<std::int64_t>(migrations().size());

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

/// The disk did not do what it was asked for: what it holds is known only once the file is opened again.
class disk_fault : public failure {
public:
  using failure::failure;

  [[nodiscard]] static bool told_by(int code) noexcept {
    const int kind = code & 0xff;
    return kind == SQLITE_FULL || kind == SQLITE_READONLY || (kind == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM);
  }
};

/// A handle of SQLite and the words for what goes wrong with it.
class connection {
public:
  /// Opens a file that is there. `trouble` is the code of errors from here on.
  connection(const std::filesystem::path& file, errc trouble) : file_{file}, trouble_{trouble} {
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &db, flags, nullptr);
    db_.reset(db);
    if (code != SQLITE_OK) fail("opening it");
    wait_for_others();
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  }

  /// SQLite's own wait sleeps longer and longer, and so misses the moments between the commits of a busy process.
  void wait_for_others() const {
    const auto wait = [](void*, int tries) {
      if (tries * busy_pause >= busy_milliseconds) return 0;
      sqlite3_sleep(busy_pause);
      return 1;
    };
    sqlite3_busy_handler(get(), wait, nullptr);
  }

  void set_trouble(errc trouble) noexcept { trouble_ = trouble; }
  [[nodiscard]] sqlite3* get() const noexcept { return db_.get(); }
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(get()) == 0; }

  void execute(const char* purpose, const char* text) const {
    if (sqlite3_exec(get(), text, nullptr, nullptr, nullptr) != SQLITE_OK) fail(purpose);
  }

  /// Throws what SQLite said last.
  [[noreturn]] void fail(const char* purpose, outcome fate = outcome::not_written) const {
    const int code = sqlite3_extended_errcode(get());
    const bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    error why{damaged ? trouble_with_damage() : trouble_,
              sentence(purpose, std::string{sqlite3_errmsg(get())} + " (SQLite code " + std::to_string(code) + ")",
                       read_only_disk(code)
                         ? "its file system can only be read: see in the system's log why that is, and "
                           "mount it for writing again"
                         : what_to_do(code)),
              fate};
    if (disk_fault::told_by(code)) throw disk_fault{std::move(why)};
    throw failure{std::move(why)};
  }

  [[noreturn]] void fail(const char* purpose, const std::string& reason, const char* advice) const {
    throw failure{trouble_, sentence(purpose, reason, advice)};
  }

  /// For what SQLite itself finds nothing wrong with.
  [[noreturn]] void corrupt(const std::string& what) const {
    throw failure{trouble_with_damage(), sentence("reading what is stored", what, what_to_do(SQLITE_CORRUPT))};
  }

  /// The log is not moved into the database when this was the last connection.
  void keep_log() const noexcept { sqlite3_db_config(get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

private:
  struct closer {
    void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
  };

  /// Whether a write failed because a file system was turned read-only, which SQLite calls an I/O error.
  [[nodiscard]] bool read_only_disk(int code) const noexcept {
    if (!disk_fault::told_by(code)) return false;
    struct statvfs disk{};
    return sqlite3_system_errno(get()) == EROFS ||
           (::statvfs(file_.c_str(), &disk) == 0 && (disk.f_flag & ST_RDONLY) != 0);
  }

  [[nodiscard]] errc trouble_with_damage() const noexcept {
    return trouble_ == errc::open_failed ? trouble_ : errc::corrupt;
  }

  [[nodiscard]] std::string sentence(const char* purpose, const std::string& reason, const char* advice) const {
    return "store '" + file_.string() + "': " + purpose + ": " + reason + ": " + advice;
  }

  std::filesystem::path file_;
  errc trouble_;
  std::unique_ptr<sqlite3, closer> db_;
};

/// One execution of a statement. What was bound to it must outlive it.
class rows {
public:
  rows(const connection& db, const char* purpose, sqlite3_stmt* statement) noexcept
    : db_{db}, purpose_{purpose}, statement_{statement} {}
  ~rows() { sqlite3_reset(statement_); }
  rows(const rows&) = delete;
  rows& operator=(const rows&) = delete;

  [[nodiscard]] int step() noexcept { return sqlite3_step(statement_); }

  /// Moves on; false behind the last row. Texts of the row before are gone.
  bool next() {
    const int code = step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) db_.fail(purpose_);
    return code == SQLITE_ROW;
  }

  [[nodiscard]] bool null(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string_view text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (!bytes && !null(column)) db_.fail(purpose_); // no memory
    return {bytes, bytes ? static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)) : 0};
  }
  [[nodiscard]] std::optional<event_id> id(int column) const {
    event_id::bytes_type bytes;
    const auto* stored = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    if (!stored || sqlite3_column_bytes(statement_, column) != static_cast<int>(bytes.size())) return {};
    std::copy_n(stored, bytes.size(), bytes.begin());
    return event_id{bytes};
  }
  [[noreturn]] void corrupt(const std::string& what) const { db_.corrupt(what); }

private:
  const connection& db_;
  const char* purpose_;
  sqlite3_stmt* statement_;
};

/// A prepared statement; `purpose` is what an error says was tried. The connection must outlive it.
class statement {
public:
  statement(const connection& db, const char* purpose, const std::string& text) : db_{db}, purpose_{purpose} {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(db.get(), text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                                        &prepared, nullptr);
    statement_.reset(prepared);
    if (code != SQLITE_OK) db.fail((std::string{"preparing for "} + purpose).c_str());
  }

  /// Binds `values` in their order, by reference.
  template <class... Values>
  [[nodiscard]] rows operator()(const Values&... values) {
    [[maybe_unused]] int i = 0;
    (check(bind(++i, values)), ...);
    return {db_, purpose_, statement_.get()};
  }

  /// Runs it for its effect.
  template <class... Values>
  void run(const Values&... values) {
    (*this)(values...).next();
  }

  /// The integer in the only row it answers.
  template <class... Values>
  [[nodiscard]] std::int64_t integer(const Values&... values) {
    auto row = (*this)(values...);
    row.next();
    return row.integer(0);
  }

private:
  struct finalizer {
    void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
  };

  void check(int code) const {
    if (code != SQLITE_OK) db_.fail(purpose_);
  }
  int bind(int i, std::int64_t value) { return sqlite3_bind_int64(statement_.get(), i, value); }
  /// What is beyond the integers of SQLite compares like the largest of them.
  int bind(int i, std::uint64_t value) { return bind(i, static_cast<std::int64_t>(std::min(value, largest))); }
  int bind(int i, position value) { return bind(i, value.value); }
  int bind(int i, revision value) { return bind(i, value.value); }
  int bind(int i, timestamp value) { return bind(i, value.ticks()); }
  int bind(int i, const stream_id& value) { return bind(i, std::string_view{value.str()}); }
  int bind(int i, const command_id& value) { return bind(i, std::string_view{value.str()}); }
  int bind(int i, const relation_key& value) { return bind(i, std::string_view{value.str()}); }
  int bind(int i, const event_id& value) { return bind(i, std::span{value.bytes()}); }
  int bind(int i, std::string_view value) {
    return sqlite3_bind_text64(statement_.get(), i, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int bind(int i, std::span<const std::uint8_t> value) {
    return sqlite3_bind_blob64(statement_.get(), i, value.data(), value.size(), SQLITE_STATIC);
  }
  int bind(int i, const std::optional<std::string_view>& value) {
    return value ? bind(i, *value) : sqlite3_bind_null(statement_.get(), i);
  }

  static constexpr std::uint64_t largest = INT64_MAX;

  const connection& db_;
  const char* purpose_;
  std::unique_ptr<sqlite3_stmt, finalizer> statement_;
};

/// Holds a table of names against the index by which they are found. Damaged, it would hide a name, and let it be written
/// once more.
class name_check {
public:
  name_check(const connection& db, const std::string& table)
    : db_{db}, name_of_{db, purpose, "SELECT name FROM " + table + " WHERE key = ?1"},
      lost_{db, purpose,
            "SELECT t.name FROM " + table + " t NOT INDEXED WHERE t.key > ?1 AND NOT EXISTS (SELECT 1 FROM " + table +
              " i WHERE i.name = t.name AND +i.key = t.key) LIMIT 1"},
      last_key_{db, purpose, "SELECT coalesce(max(key), 0) FROM " + table} {}

  /// That the index is right about a name that was found.
  void found(std::string_view name, std::int64_t key) {
    if (auto row = name_of_(key); !row.next() || row.text(0) != name) corrupt(name);
  }

  /// That it finds all names there are. Looks at each of them once.
  void all() {
    const auto last = last_key_.integer(); // first, for others may add names
    if (auto row = lost_(seen_); row.next()) corrupt(row.text(0));
    seen_ = last;
  }

private:
  static constexpr const char* purpose = "holding names against their index";

  [[noreturn]] void corrupt(std::string_view name) const {
    db_.corrupt("the index of names is wrong about " + detail::in_quotes(name));
  }

  const connection& db_;
  statement name_of_;
  statement lost_;
  statement last_key_;
  std::int64_t seen_ = 0; // up to this key all names are found
};

/// What a connection that verifies holds against each other: no checksum tells that a row is not found.
struct cross_check {
  explicit cross_check(const connection& db)
    : streams{db, "skald_streams"}, relations{db, "skald_relation_keys"},
      sum_{db, "counting the events of all streams",
           "SELECT max(cast(total(revision) AS INTEGER), 0) FROM skald_streams"} {}

  /// The newest position when this was asked first, by the revisions of all streams: there is none without an event.
  [[nodiscard]] position newest() {
    if (!newest_) newest_ = position{static_cast<std::uint64_t>(sum_.integer())};
    return *newest_;
  }

  name_check streams;
  name_check relations;

private:
  statement sum_;
  std::optional<position> newest_;
};

/// Event types, each looked up when it is first met.
class type_dictionary {
public:
  type_dictionary(const connection& db, bool verified)
    : by_name_{db, "looking up an event type", "SELECT key FROM skald_types WHERE name = ?1"},
      by_key_{db, "looking up an event type", "SELECT name FROM skald_types WHERE key = ?1"} {
    if (verified) check_.emplace(db, "skald_types");
  }

  [[nodiscard]] std::optional<std::int64_t> key_of(std::string_view name) {
    if (const auto known = known_.key_of(name)) return known;
    auto row = by_name_(name);
    if (!row.next()) {
      if (check_) check_->all();
      return std::nullopt;
    }
    if (check_) check_->found(name, row.integer(0));
    add(row.integer(0), name);
    return row.integer(0);
  }

  /// Null where there is none. Stays until the next call.
  [[nodiscard]] const std::string* name_of(std::int64_t key) {
    if (const auto* known = known_.name_of(key)) return known;
    auto row = by_key_(key);
    if (!row.next()) return nullptr;
    add(key, row.text(0));
    return known_.name_of(key);
  }

  void add(std::int64_t key, std::string_view name) {
    known_.trim();
    known_.add(key, name);
  }

  void clear() noexcept { known_.clear(); }

private:
  statement by_name_;
  statement by_key_;
  std::optional<name_check> check_;
  detail::known_types known_;
};

/// What a `record_decoder` reads, in this order; the stream's name may follow.
#define SKALD_EVENT_COLUMNS SKALD_RECORD_COLUMNS ", e.data, e.meta"
#define SKALD_COLUMNS_WITHOUT_BODY SKALD_RECORD_COLUMNS ", '', ''"
constexpr int meta_column = detail::data_column + 1;
constexpr int stream_name_column = meta_column + 1;

/// What a `record_decoder` reads in this database's own way.
class record_parts {
public:
  [[nodiscard]] type_dictionary& types() noexcept { return types_; }

protected:
  record_parts(const connection& db, bool verified) : types_{db, verified} {}

  const std::string* type_of(const rows& row) { return types_.name_of(row.integer(detail::type_column)); }
  static bool read_stream(const rows& row, record& r) {
    auto stream = stream_id::parse(std::string{row.text(stream_name_column)});
    if (stream) r.stream = std::move(*stream);
    return stream.has_value();
  }
  static void read_body(const rows& row, record& r) {
    r.data = row.text(detail::data_column);
    r.meta = row.text(meta_column);
  }

private:
  type_dictionary types_;
};
using record_decoder = detail::record_decoder<record_parts>;

/// NULL, where texts may be missing.
std::optional<std::string_view> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>{text};
}

/// Which snapshot: its stream, its relation, one of them 0, and its reducer.
constexpr const char* this_snapshot = " WHERE (stream, relation, reducer) = (?1, ?2, ?3)";

constexpr const char* synchronous(durability kept) {
  return kept == durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
}

/// Runs the requests of one writer at a time, each in a transaction between `begin` and `commit` or `undo`.
///
/// What it remembers of streams and types holds while no other connection writes; `begin` finds out.
class writer final : public event_store::transaction {
public:
  /// `kept` is how the connection is set.
  writer(std::unique_ptr<connection> db, durability kept, hybrid_clock& clock, bool verified)
    : db_{std::move(db)}, kept_{kept}, clock_{clock}, verified_{verified}, decode_{*db_, verified} {
    if (verified) check_.emplace(*db_);
    if (auto row = newest_(); row.next()) heads_.set(observe(row)); // time does not repeat across restarts
    db_->set_trouble(errc::insertion_failed);
    sqlite3_wal_hook(db_->get(), note_log, this);
  }

  void begin(durability kept) {
    shorten_log();
    if (kept != kept_) db_->execute("setting it up", synchronous(kept));
    kept_ = kept;
    begin_.run();
    look_for_others();
    if (check_ && head_ < check_->newest())
      db_->corrupt("there have been events up to position " + std::to_string(check_->newest().value) +
                   ", the newest one is at position " + std::to_string(head_.value));
    if (streams_.size() > most_cached_streams) streams_.forget();
  }

  void commit() {
    for (const auto* entry : streams_.changed()) {
      const auto& [name, state] = *entry;
      if (state.stored)
        update_stream_.run(state.key, state.revision, state.newest);
      else
        insert_stream_.run(state.key, name, state.revision, state.newest);
    }
    {
      auto rows = commit_();
      if (const int code = rows.step(); code != SQLITE_DONE)
        db_->fail("committing a transaction", fate_of_commit(code));
    }
    streams_.written();
    heads_.set(head_);
  }

  /// See `event_store::appended_elsewhere`. Not in a transaction.
  [[nodiscard]] std::optional<position> take_appended_elsewhere() {
    look_for_others();
    return heads_.take();
  }

  /// Ends the transaction, if SQLite has not done so already.
  void undo() noexcept {
    forget();
    if (db_->in_transaction()) (void)rollback_().step();
  }

  /// After a fault of the disk: the file stays as it is, also when it is closed.
  void leave_alone() noexcept { db_->keep_log(); }

  stream_head head_of(const stream_id& stream) override { return entry_of(stream).second.head(); }

  position head() override { return head_; }

  std::optional<known_event> find(const event_id& id) override {
    auto row = find_(id);
    if (!row.next()) return std::nullopt;
    const auto* stream = row.null(stream_name_column) ? new_stream(row.integer(stream_name_column + 1)) : nullptr;
    const auto r = stream ? decode_(row, *stream) : decode_(row);
    return known_event{detail::without_body(r), record_decoder::checksum(row)};
  }

  bool holds_later(const stream_id& stream, std::string_view type, timestamp created) override {
    const auto& state = entry_of(stream).second;
    if (state.newest <= created) return false;
    const auto type_key = types_.key_of(type);
    return type_key && holds_later_(state.key, created, *type_key).next();
  }

  revision revision_at(const stream_id& stream, position head) override {
    return revision{static_cast<std::uint64_t>(revision_at_.integer(entry_of(stream).second.key, head))};
  }

  void write(const record& r) override {
    assert(r.position == position{head_.value + 1});
    auto& entry = entry_of(r.stream);
    streams_.change(entry, r);
    insert_event_.run(r.position, r.id, entry.second.key, type_key(r.type), r.revision, std::uint64_t{r.schema_version},
                      r.created, r.recorded, detail::flags_of(r), std::string_view{r.data}, unless_empty(r.meta),
                      unless_empty(r.batch.str()), static_cast<std::int64_t>(checksum_of(r)));
    head_ = r.position;
  }

  std::optional<kept_receipt> find(const command_id& command) override {
    auto row = find_receipt_(command);
    return row.next() ? std::optional{detail::receipt_in(row)} : std::nullopt;
  }

  void keep(const command_id& command, const receipt& given, timestamp kept) override {
    const auto revisions = detail::json_of(given.revisions);
    keep_receipt_.run(command, kept, given.first, given.last, std::string_view{revisions}, unless_empty(given.answer));
  }

  void forget_receipts(timestamp oldest) override { forget_receipts_.run(oldest); }

  void relate(const relation_change& change) override {
    using kind = relation_change::kind;
    if (change.what() == kind::remove_stream) {
      const auto stream = entry_of(change.stream()).second.key;
      raise_keys_of_.run(stream);
      unrelate_stream_.run(stream);
      return;
    }
    if (change.what() == kind::insert) add(change.key());
    const auto key = key_of(change.key());
    if (key == 0) return; // nothing was ever under it
    if (change.what() == kind::insert) {
      auto& entry = entry_of(change.stream());
      if (entry.second.key == 0) streams_.change(entry);
      relate_.run(key, entry.second.key);
    } else if (change.what() == kind::remove) {
      unrelate_.run(key, entry_of(change.stream()).second.key);
    } else {
      unrelate_key_.run(key);
    }
    if (sqlite3_changes(db_->get()) != 0) raise_key_.run(key);
  }

  void save(const snapshot& s) override {
    if (s.key.relation()) add(*s.key.relation());
    const auto [stream, relation] = owner_of(s.key);
    assert(stream != 0 || relation != 0);
    save_snapshot_.run(stream, relation, std::string_view{s.key.reducer()}, std::string_view{s.fingerprint},
                       s.cursor.created, s.cursor.id, s.records, s.relation_revision,
                       std::string_view{detail::checksum_of(s)}, std::string_view{s.state});
  }

  void remove(const snapshot_key& key) override {
    const auto [stream, relation] = owner_of(key);
    remove_snapshot_.run(stream, relation, std::string_view{key.reducer()});
  }

  void register_projection(std::string_view name, std::optional<position> fresh_from) {
    register_.run(name, fresh_from.value_or(head_));
  }

  [[nodiscard]] result<checkpoint> read_checkpoint(std::string_view name) {
    return detail::checkpoint_in(name, projection_(name), [&](std::int64_t key) { return completions_(key); });
  }

  [[nodiscard]] result<void> save(const checkpoint_update& update) {
    auto row = advance_(std::string_view{update.projection}, update.handled);
    if (!row.next()) return detail::unknown_projection(update.projection);
    const auto key = row.integer(0);
    const auto handled = position{detail::counter_at(row, 1)};
    for (const auto& done : update.completions)
      if (done.position > handled) complete_.run(key, done.position, std::string_view{done.handler});
    forget_completions_.run(key, handled);
    return {};
  }

  void rewind(std::string_view name, position handled, position fresh_from) { rewind_.run(name, handled, fresh_from); }

private:
  static int note_log(void* self, sqlite3*, const char*, int pages) noexcept {
    static_cast<writer*>(self)->pages_in_log_ = pages;
    return SQLITE_OK;
  }

  /// The mark that makes a transaction count is the last thing written before the file is synced: without it the
  /// transaction is gone, but where the sync fails it may come to light after a crash.
  static outcome fate_of_commit(int code) {
    return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_WRITE ? outcome::unknown : outcome::not_written;
  }

  /// Moves the log into the database where it has grown enough. SQLite would do so by itself, but tell nobody that a
  /// sync has failed.
  void shorten_log() {
    if (std::exchange(pages_in_log_, 0) < most_pages_in_log) return;
    const int code = sqlite3_wal_checkpoint_v2(db_->get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (disk_fault::told_by(code)) db_->fail(moving_the_log);
  }

  /// Outside of a transaction others may write between the questions: then the next look sees another version.
  void look_for_others() {
    const auto version = data_version_.integer();
    if (version == version_) return;
    forget();
    auto row = newest_();
    head_ = row.next() ? observe(row) : position{};
    streams_.set_last_key(last_stream_key_.integer());
    version_ = version;
    heads_.seen(head_);
  }

  void forget() noexcept {
    streams_.forget();
    types_.clear();
    version_ = -1;
  }

  position observe(const rows& newest) {
    clock_.observe(timestamp{detail::counter_at(newest, 1)});
    return position{detail::counter_at(newest, 0)};
  }

  detail::known_streams::entry& entry_of(const stream_id& stream) {
    return streams_.at(stream, [&]() -> detail::known_streams::state {
      auto row = stream_(stream);
      if (!row.next()) {
        if (check_) check_->streams.all();
        return {};
      }
      if (check_) check_->streams.found(stream.str(), row.integer(0));
      return detail::stream_in(row);
    });
  }

  /// Stream and relation, of which one is 0, and both where nothing is known of them.
  std::pair<std::int64_t, std::int64_t> owner_of(const snapshot_key& key) {
    if (key.stream()) return {entry_of(*key.stream()).second.key, 0};
    return {0, key_of(*key.relation())};
  }

  /// 0 where there is none.
  std::int64_t key_of(const relation_key& key) {
    auto row = key_(key);
    return row.next() ? row.integer(0) : 0;
  }

  void add(const relation_key& key) {
    if (check_ && key_of(key) == 0) check_->relations.all();
    add_key_.run(key);
  }

  /// The name of a stream whose row is not written yet, null where there is none.
  [[nodiscard]] const stream_id* new_stream(std::int64_t key) const noexcept {
    for (const auto* entry : streams_.changed())
      if (entry->second.key == key) return &entry->first;
    return nullptr;
  }

  std::int64_t type_key(std::string_view type) {
    if (const auto known = types_.key_of(type)) return *known;
    insert_type_.run(type);
    const auto key = sqlite3_last_insert_rowid(db_->get());
    types_.add(key, type);
    return key;
  }

  [[nodiscard]] statement prepare(const char* purpose, const std::string& text) const { return {*db_, purpose, text}; }

  std::unique_ptr<connection> db_;
  durability kept_;
  hybrid_clock& clock_;
  bool verified_;
  record_decoder decode_;
  type_dictionary& types_ = decode_.types();
  std::optional<cross_check> check_; // where it verifies

  statement begin_ = prepare("waiting for its turn to write", "BEGIN IMMEDIATE");
  statement commit_ = prepare("committing a transaction", "COMMIT");
  statement rollback_ = prepare("undoing a transaction", "ROLLBACK");
  statement data_version_ = prepare("looking for writes of others", "PRAGMA data_version");
  statement newest_ = prepare("looking up the newest event",
                              "SELECT position, recorded FROM skald_events ORDER BY position DESC LIMIT 1");
  statement last_stream_key_ =
    prepare("looking up the newest stream", "SELECT coalesce(max(key), 0) FROM skald_streams");
  statement stream_ = prepare("looking up a stream", "SELECT key, revision, newest FROM skald_streams WHERE name = ?1");
  statement insert_stream_ = prepare("writing a stream", "INSERT INTO skald_streams VALUES (?1, ?2, ?3, ?4)");
  statement update_stream_ =
    prepare("writing a stream", "UPDATE skald_streams SET revision = ?2, newest = ?3 WHERE key = ?1");
  statement insert_type_ = prepare("writing an event type", "INSERT INTO skald_types (name) VALUES (?1)");
  statement insert_event_ =
    prepare("writing an event", "INSERT INTO skald_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                                "?12, ?13)");
  statement find_ =
    prepare("looking up an event",
            std::string{"SELECT "} + (verified_ ? SKALD_EVENT_COLUMNS : SKALD_COLUMNS_WITHOUT_BODY) +
              ", s.name, e.stream FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.id = ?1");
  statement holds_later_ =
    prepare("looking for later events", "SELECT 1 FROM skald_events "
                                        "WHERE stream = ?1 AND created > ?2 AND type = ?3 LIMIT 1");
  statement revision_at_ = prepare("counting the events of a stream",
                                   "SELECT count(*) FROM skald_events WHERE stream = ?1 AND position <= ?2");
  statement add_key_ = prepare("writing a relation", "INSERT INTO skald_relation_keys (name, revision) VALUES (?1, 0) "
                                                     "ON CONFLICT (name) DO NOTHING");
  statement key_ = prepare("looking up a relation", "SELECT key FROM skald_relation_keys WHERE name = ?1");
  statement raise_key_ =
    prepare("writing a relation", "UPDATE skald_relation_keys SET revision = revision + 1 WHERE key = ?1");
  statement raise_keys_of_ =
    prepare("writing a relation", "UPDATE skald_relation_keys SET revision = revision + 1 "
                                  "WHERE key IN (SELECT key FROM skald_relations WHERE stream = ?1)");
  statement relate_ =
    prepare("writing a relation", "INSERT INTO skald_relations VALUES (?1, ?2) ON CONFLICT DO NOTHING");
  statement unrelate_ = prepare("writing a relation", "DELETE FROM skald_relations WHERE key = ?1 AND stream = ?2");
  statement unrelate_key_ = prepare("writing a relation", "DELETE FROM skald_relations WHERE key = ?1");
  statement unrelate_stream_ = prepare("writing a relation", "DELETE FROM skald_relations WHERE stream = ?1");
  statement save_snapshot_ = prepare(
    "saving a snapshot", "INSERT OR REPLACE INTO skald_snapshots VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
  statement remove_snapshot_ =
    prepare("removing a snapshot", std::string{"DELETE FROM skald_snapshots"} + this_snapshot);
  statement find_receipt_ = prepare(
    "looking up a command", "SELECT id, first, last, revisions, answer, kept FROM skald_commands WHERE id = ?1");
  statement keep_receipt_ = // one that is replaced gets a new key, which grow with time
    prepare("writing the receipt of a command",
            "INSERT OR REPLACE INTO skald_commands (id, kept, first, last, revisions, answer) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  statement forget_receipts_ =
    prepare("forgetting receipts of commands", "DELETE FROM skald_commands WHERE kept < ?1 "
                                               "AND key IN (SELECT key FROM skald_commands ORDER BY key LIMIT 2)");
  statement register_ =
    prepare("registering a projection", "INSERT INTO skald_projections (name, handled, fresh_from) VALUES (?1, 0, ?2) "
                                        "ON CONFLICT (name) DO NOTHING");
  statement projection_ =
    prepare("reading a checkpoint", "SELECT key, handled, fresh_from FROM skald_projections WHERE name = ?1");
  statement completions_ =
    prepare("reading a checkpoint", "SELECT position, handler FROM skald_completions WHERE projection = ?1 "
                                    "ORDER BY position, handler");
  statement advance_ =
    prepare("saving a checkpoint", "UPDATE skald_projections SET handled = max(handled, ?2) WHERE name = ?1 "
                                   "RETURNING key, handled");
  statement rewind_ =
    prepare("moving a checkpoint back", "UPDATE skald_projections SET handled = ?2, fresh_from = ?3 WHERE name = ?1");
  statement complete_ =
    prepare("saving a checkpoint", "INSERT INTO skald_completions VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
  statement forget_completions_ =
    prepare("saving a checkpoint", "DELETE FROM skald_completions WHERE projection = ?1 AND position <= ?2");

  std::int64_t version_ = -1; // of the data that is remembered below
  position head_;
  detail::head_tracker heads_;
  detail::known_streams streams_; // the rows of changed ones are written at the end
  int pages_in_log_ = 0; // as the last commit left it
};

/// Answers queries on a connection of its own, one at a time.
class reader {
public:
  reader(std::unique_ptr<connection> db, bool verified) : db_{std::move(db)}, decode_{*db_, verified} {
    if (verified) check_.emplace(*db_);
  }

  [[nodiscard]] page read(const stream_query& query) {
    const moment now{*this};
    const auto types = keys_of(query.types());
    if (types == no_types) return {};
    const auto low = low_of(pointer_to(query.after()));
    const auto high = high_of(pointer_to(query.before()));
    auto found = stream_pages_[detail::index_of(query.direction())](query.stream(), low.created, low.id, high.created,
                                                                    high.id, unless_empty(types));
    auto answer = decode_.fill(query, found);
    if (check_ && detail::ended(query, answer))
      if (const auto key = key_of(query.stream())) check_complete(key);
    return answer;
  }

  [[nodiscard]] page read(const streams_query& query) {
    const moment now{*this};
    const auto types = keys_of(query.types());
    if (types == no_types) return {};
    const auto streams = keys_of(query);
    const bool forward = query.direction() == direction::forward;
    auto& find_next = next_of_stream_[detail::index_of(query.direction())];
    struct hit {
      stream_cursor at;
      std::int64_t token; // the position
    };
    const auto next = [&](std::size_t i, const stream_cursor* behind) -> std::optional<hit> {
      const auto low = low_of(forward && behind ? behind : pointer_to(query.after()));
      const auto high = high_of(!forward && behind ? behind : pointer_to(query.before()));
      auto row = find_next(streams[i], low.created, low.id, high.created, high.id, unless_empty(types));
      if (!row.next()) return {};
      return hit{{timestamp{detail::unsigned_at(row, 1)}, row.id(2).value_or(event_id{})}, row.integer(0)};
    };
    auto answer = detail::merge_streams(query, streams.size(), next, [&](std::int64_t position) {
      auto row = at_position_(position);
      row.next();
      return decode_(row);
    });
    if (check_ && detail::ended(query, answer))
      for (const auto stream : streams) check_complete(stream);
    return answer;
  }

  [[nodiscard]] page read(const all_query& query) {
    const moment now{*this};
    const auto types = keys_of(query.types());
    if (types == no_types) return {};
    auto found = all_pages_[detail::index_of(query.direction())](
      query.after().value_or(position{}), query.before().value_or(detail::last_position), unless_empty(types));
    auto answer = decode_.fill(query, found);
    if (check_)
      if (const auto gap = detail::problem_of_gaps(query, answer, check_->newest())) db_->corrupt(*gap);
    return answer;
  }

  [[nodiscard]] std::optional<record> find(const event_id& id) {
    auto row = find_(id);
    if (!row.next()) return std::nullopt;
    return decode_(row);
  }

  [[nodiscard]] rows status(const record& r) { return status_(r.id, r.stream, r.created, std::string_view{r.type}); }

  [[nodiscard]] position head() { return position{static_cast<std::uint64_t>(head_.integer())}; }

  [[nodiscard]] rows revision_of(const stream_id& stream) {
    check(stream);
    return revision_(stream);
  }
  [[nodiscard]] rows related(const relation_key& key) {
    check(key);
    return relation_(key);
  }
  [[nodiscard]] rows snapshot_of(const snapshot_key& key) {
    key.stream() ? check(*key.stream()) : check(*key.relation());
    auto& find = key.stream() ? snapshot_of_stream_ : snapshot_of_relation_;
    return find(std::string_view{key.name()}, std::string_view{key.reducer()});
  }
  [[nodiscard]] rows keys_of(const stream_id& stream) { return keys_of_stream_(stream); }
  [[nodiscard]] rows streams(std::string_view after, std::size_t limit) {
    if (check_) check_->streams.all();
    return streams_(after, std::uint64_t{limit});
  }
  [[nodiscard]] rows relations(std::string_view after, std::size_t limit) {
    if (check_) check_->relations.all();
    return relations_(after, std::uint64_t{limit});
  }
  [[nodiscard]] rows snapshots(const snapshot_key& after, std::size_t limit) {
    return snapshots_(std::string_view{after.reducer()}, std::int64_t{after.relation() != nullptr},
                      std::string_view{after.name()}, std::uint64_t{limit});
  }

  [[nodiscard]] std::vector<type_summary> types() {
    const moment now{*this};
    std::map<std::int64_t, std::uint64_t> counts; // GROUP BY would sort all events
    for (auto row = types_of_events_(); row.next();) ++counts[row.integer(0)];
    std::vector<type_summary> all;
    for (const auto& [key, events] : counts)
      if (const auto* name = types_.name_of(key)) all.push_back({*name, events});
    std::ranges::sort(all, {}, &type_summary::type);
    return all;
  }

  void inspect(detail::inspector& found) {
    const moment now{*this};
    types_.clear(); // what is stored counts, not what is remembered
    detail::inspect(found, *this);
  }

  void go_on() noexcept {} // one statement that failed leaves the others alone

  void each(const std::string& text, const auto& use) const {
    auto question = prepare(verifying, text);
    for (auto row = question(); row.next();) use(row);
  }

  /// From a position on: to look for what is greater than the last one of a damaged page would lead into that page.
  bool show_records(detail::inspector& found, std::int64_t& behind, std::int64_t limit) {
    auto page = prepare(verifying, "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                                   "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.position >= ?1 "
                                   "ORDER BY e.position");
    for (auto row = page(behind + 1); limit > 0 && row.next(); --limit) {
      record r;
      const auto* problem = decode_.read_with_stream(row, r);
      found.show_record(r, record_decoder::checksum(row), problem);
      behind = row.integer(0);
    }
    return limit == 0;
  }

  void show_streams(detail::inspector& found) const {
    auto streams = prepare(verifying, "SELECT key, name, revision, newest FROM skald_streams ORDER BY key");
    auto events = prepare(verifying, "SELECT stream, revision, position, created FROM skald_events "
                                     "ORDER BY stream, revision, position");
    auto stream = streams();
    auto event = events();
    detail::show_streams(found, stream, event);
  }

  /// Whether tables and indexes tell the same, which reads rely on.
  void show_own(detail::inspector& found) const {
    each("PRAGMA integrity_check(" + std::to_string(limits::problems) + ")", [&](const rows& row) {
      if (row.text(0) != "ok") found.note("SQLite finds: " + detail::on_one_line(row.text(0)));
    });
  }

private:
  static constexpr const char* verifying = "verifying it";

  /// Pages of streams are found by an index: where an entry is missing, or there in place of another, its record would be
  /// missing, too.
  void check_complete(std::int64_t stream) {
    auto row = stream_row_(stream);
    if (!row.next()) db_->corrupt("stream " + std::to_string(stream) + " is not there, which is read");
    std::int64_t found = 0;
    stream_cursor last;
    for (auto event = events_of_(stream); event.next(); ++found) {
      const stream_cursor at{timestamp{detail::unsigned_at(event, 0)}, event.id(1).value_or(event_id{})};
      if (found != 0 && at <= last)
        db_->corrupt("the events of stream " + detail::in_quotes(row.text(0)) + " are not in their order");
      last = at;
    }
    if (found != row.integer(1)) db_->corrupt(detail::incomplete(row.text(0), row.integer(1), found));
  }

  /// All that is read while it lives is of one moment. Between looking up the types of a query and reading, a type
  /// might appear whose first record would then be missing in front of later ones of other types.
  class moment {
  public:
    explicit moment(reader& of) : of_{of} { of_.begin_.run(); }
    ~moment() { (void)of_.end_().step(); }
    moment(const moment&) = delete;
    moment& operator=(const moment&) = delete;

  private:
    reader& of_;
  };

  /// A bound of a page of a stream, as SQLite compares it.
  struct bound {
    std::int64_t created;
    std::span<const std::uint8_t> id;
  };

  /// A cursor from beyond the end of time lies behind all records.
  static bound bound_at(const stream_cursor& cursor) {
    if (cursor.created > timestamp::max()) return behind_all;
    return {static_cast<std::int64_t>(cursor.created.ticks()), cursor.id.bytes()};
  }
  static bound low_of(const stream_cursor* after) { return after ? bound_at(*after) : before_all; }
  static bound high_of(const stream_cursor* before) { return before ? bound_at(*before) : behind_all; }
  static const stream_cursor* pointer_to(const std::optional<stream_cursor>& cursor) {
    return cursor ? &*cursor : nullptr;
  }

  static constexpr std::string_view no_types = "[]";
  static constexpr std::array<std::uint8_t, 17> behind_all_ids{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  static constexpr bound behind_all{INT64_MAX, behind_all_ids};
  static constexpr bound before_all{INT64_MIN, {}};

  /// The keys as a JSON array, or nothing where a query asks for all types.
  std::string keys_of(const std::optional<std::vector<std::string>>& types) {
    if (!types) return {};
    std::string keys;
    for (const auto& name : *types)
      if (const auto key = types_.key_of(name)) keys += (keys.empty() ? "" : ",") + std::to_string(*key);
    return '[' + keys + ']';
  }

  /// The streams that are named or kept under the keys, each once.
  std::vector<std::int64_t> keys_of(const streams_query& query) {
    std::set<std::int64_t> streams;
    for (const auto& stream : query.streams())
      if (const auto key = key_of(stream)) streams.insert(key);
    for (const auto& key : query.keys()) {
      if (check_) (void)key_of(key);
      for (auto found = stream_keys_under_(key); found.next();) streams.insert(found.integer(0));
    }
    return {streams.begin(), streams.end()};
  }

  /// 0 where nothing is stored of it.
  std::int64_t key_of(const stream_id& stream) {
    return checked(stream_key_(stream), stream.str(), check_ ? &check_->streams : nullptr);
  }
  std::int64_t key_of(const relation_key& key) {
    return checked(relation_key_(key), key.str(), check_ ? &check_->relations : nullptr);
  }

  static std::int64_t checked(rows found, std::string_view name, name_check* check) {
    if (found.next()) {
      if (check) check->found(name, found.integer(0));
      return found.integer(0);
    }
    if (check) check->all();
    return 0;
  }

  /// That the index of names is right about this one.
  void check(const auto& name) {
    if (check_) (void)key_of(name);
  }

  [[nodiscard]] statement prepare(const char* purpose, const std::string& text) const { return {*db_, purpose, text}; }

  /// `stream` is SQL for the key of the stream.
  [[nodiscard]] std::array<statement, 2> prepare_stream_pages(const char* columns, const std::string& stream,
                                                              const char* limit) const {
    return {prepare_stream_page(columns, stream, "ASC", limit), prepare_stream_page(columns, stream, "DESC", limit)};
  }

  [[nodiscard]] statement prepare_stream_page(const char* columns, const std::string& stream, const std::string& order,
                                              const char* limit) const {
    return prepare("reading a stream", std::string{"SELECT "} + columns +
                                         " FROM skald_events e WHERE e.stream = " + stream +
                                         " AND (e.created, e.id) > (?2, ?3) AND (e.created, e.id) < (?4, ?5) "
                                         "AND (?6 IS NULL OR e.type IN (SELECT value FROM json_each(?6))) "
                                         "ORDER BY e.created " +
                                         order + ", e.id " + order + limit);
  }

  [[nodiscard]] statement prepare_all_page(const std::string& order) const {
    return prepare("reading all events",
                   "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                   "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.position > ?1 AND e.position < ?2 "
                   "AND (?3 IS NULL OR e.type IN (SELECT value FROM json_each(?3))) "
                   "ORDER BY e.position " +
                     order);
  }

  std::unique_ptr<connection> db_;
  record_decoder decode_;
  type_dictionary& types_ = decode_.types();
  std::optional<cross_check> check_; // where it verifies
  statement begin_ = prepare("reading", "BEGIN");
  statement end_ = prepare("reading", "COMMIT");
  std::array<statement, 2> stream_pages_ =
    prepare_stream_pages(SKALD_EVENT_COLUMNS, "(SELECT key FROM skald_streams WHERE name = ?1)", "");
  std::array<statement, 2> next_of_stream_ = prepare_stream_pages("e.position, e.created, e.id", "?1", " LIMIT 1");
  std::array<statement, 2> all_pages_{prepare_all_page("ASC"), prepare_all_page("DESC")};
  statement find_ = prepare("looking up an event", "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                                                   "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.id = ?1");
  statement status_ =
    prepare("looking up an event", "SELECT EXISTS (SELECT 1 FROM skald_events WHERE id = ?1), "
                                   "EXISTS (SELECT 1 FROM skald_events "
                                   "WHERE stream = (SELECT key FROM skald_streams WHERE name = ?2) AND created > ?3 "
                                   "AND type = (SELECT key FROM skald_types WHERE name = ?4))");
  statement revision_ = prepare("looking up a stream", "SELECT revision FROM skald_streams WHERE name = ?1");
  statement head_ = prepare("looking up the newest event", "SELECT max(position) FROM skald_events");
  statement at_position_ =
    prepare("looking up an event", "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                                   "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.position = ?1");
  statement stream_key_ = prepare("looking up a stream", "SELECT key FROM skald_streams WHERE name = ?1");
  statement stream_row_ = prepare("looking up a stream", "SELECT name, revision FROM skald_streams WHERE key = ?1");
  statement events_of_ = prepare("counting the events of a stream",
                                 "SELECT created, id FROM skald_events WHERE stream = ?1 ORDER BY created, id");
  statement stream_keys_under_ =
    prepare("reading a relation", "SELECT stream FROM skald_relations "
                                  "WHERE key = (SELECT key FROM skald_relation_keys WHERE name = ?1)");
  statement relation_ =
    prepare("reading a relation", "SELECT k.revision, s.name FROM skald_relation_keys k "
                                  "LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s "
                                  "ON s.key = r.stream WHERE k.name = ?1 ORDER BY s.name");
  statement relation_key_ = prepare("reading a relation", "SELECT key FROM skald_relation_keys WHERE name = ?1");
  statement keys_of_stream_ =
    prepare("reading the relations of a stream",
            "SELECT k.name FROM skald_relations r JOIN skald_relation_keys k ON k.key = r.key "
            "WHERE r.stream = (SELECT key FROM skald_streams WHERE name = ?1) ORDER BY k.name");
  statement streams_ =
    prepare("listing streams", "SELECT name, revision, newest FROM skald_streams WHERE name > ?1 AND revision > 0 "
                               "ORDER BY name LIMIT ?2");
  statement relations_ = prepare("listing relations", "SELECT k.name, k.revision, count(*) FROM skald_relation_keys k "
                                                      "JOIN skald_relations r ON r.key = k.key WHERE k.name > ?1 "
                                                      "GROUP BY k.name ORDER BY k.name LIMIT ?2");
  statement snapshots_ =
    prepare("listing snapshots",
            "SELECT * FROM (SELECT f.reducer, f.relation <> 0 AS of_relation, coalesce(k.name, s.name) AS name "
            "FROM skald_snapshots f LEFT JOIN skald_relation_keys k ON k.key = f.relation "
            "LEFT JOIN skald_streams s ON s.key = f.stream) WHERE (reducer, of_relation, name) > (?1, ?2, ?3) "
            "ORDER BY reducer, of_relation, name LIMIT ?4");
  statement types_of_events_ = prepare("counting event types", "SELECT type FROM skald_events");
  /// A snapshot, and what its streams are like now.
#define SKALD_SNAPSHOT "SELECT f.fingerprint, f.created, f.id, f.records, f.relation_revision, f.checksum, f.state, "
#define SKALD_RECORDS_BEHIND                                                                                           \
  "(SELECT count(*) FROM skald_events e WHERE e.stream = s.key AND (e.created, e.id) > (f.created, f.id))"
  statement snapshot_of_stream_ =
    prepare("reading a snapshot",
            SKALD_SNAPSHOT "s.revision, " SKALD_RECORDS_BEHIND ", 0 "
                           "FROM skald_streams s JOIN skald_snapshots f ON (f.stream, f.relation) = (s.key, 0) "
                           "WHERE s.name = ?1 AND f.reducer = ?2");
  statement snapshot_of_relation_ =
    prepare("reading a snapshot",
            SKALD_SNAPSHOT "sum(s.revision), sum(" SKALD_RECORDS_BEHIND "), k.revision "
                           "FROM skald_relation_keys k JOIN skald_snapshots f ON (f.stream, f.relation) = (0, k.key) "
                           "LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s ON s.key = r.stream "
                           "WHERE k.name = ?1 AND f.reducer = ?2 GROUP BY k.key");
};

/// The version of the schema in the file, 0 where it is empty. Fails where it is not ours to touch.
std::int64_t identify(const connection& db) {
  constexpr const char* purpose = "identifying it";
  const auto number = [&](const char* text) { return statement{db, purpose, text}.integer(); };
  db.execute(purpose, "SAVEPOINT identifying"); // all of one moment: another process may be creating the tables
  const auto application = number("PRAGMA application_id");
  const auto version = number("PRAGMA user_version");
  const auto tables = number("SELECT count(*) FROM sqlite_schema");
  db.execute(purpose, "RELEASE identifying");
  if (application == application_id) {
    detail::check_version(db, version, schema_version);
    return version;
  }
  if (application != 0 || version != 0 || tables != 0)
    db.fail(purpose, "it is the database of another program", "choose another file");
  return 0;
}

/// Vouches for the records of a file that is older than checksums, but for those that cannot have been written.
void add_checksums(const connection& db) {
  constexpr const char* purpose = "adding checksums";
  record_decoder decode{db, false};
  statement next{db, purpose,
                 "SELECT " SKALD_EVENT_COLUMNS
                 ", s.name FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream "
                 "WHERE e.position > ?1 ORDER BY e.position LIMIT 1"};
  statement set{db, purpose, "UPDATE skald_events SET checksum = ?2 WHERE position = ?1"};
  for (std::int64_t last = INT64_MIN;;) {
    auto row = next(last);
    if (!row.next()) return;
    last = row.integer(0);
    record r;
    if (!decode.read_with_stream(row, r)) set.run(last, static_cast<std::int64_t>(checksum_of(r)));
  }
}

/// Brings the schema to the newest version, in one transaction.
void migrate(const connection& db) {
  constexpr const char* purpose = "creating the tables";
  db.execute(purpose, "BEGIN IMMEDIATE");
  const auto version = identify(db); // another process may have been faster
  for (auto i = static_cast<std::size_t>(version); i < migrations().size(); ++i) db.execute(purpose, migrations()[i]);
  if (version < first_with_checksums) add_checksums(db);
  const auto identity = "PRAGMA application_id = " + std::to_string(application_id) +
                        "; PRAGMA user_version = " + std::to_string(schema_version);
  db.execute(purpose, identity.c_str());
  db.execute(purpose, "COMMIT");
}

/// Switches the file to write-ahead logging. SQLite does not wait where two processes want that at the same time.
void use_write_ahead_log(const connection& db) {
  constexpr const char* purpose = "switching it to write-ahead logging";
  constexpr int pause = 10;
  statement set{db, purpose, "PRAGMA journal_mode = WAL"};
  for (int waited = 0;; waited += pause) {
    auto row = set();
    const int code = row.step();
    if (code == SQLITE_ROW && row.text(0) == "wal") return;
    if (code == SQLITE_ROW) db.fail(purpose, "its file system cannot do that", "choose a file on a local disk");
    if ((code & 0xff) != SQLITE_BUSY || waited >= busy_milliseconds) db.fail(purpose);
    sqlite3_sleep(pause);
  }
}

/// Moves what an earlier process left in the log into the database, and empties the log.
///
/// Where a sync of the log had failed, the system has forgotten that its pages are not on the disk: what would be
/// appended behind them were lost with them. Other processes that have the file open know the log, which then stays.
void take_over_log(const connection& db) {
  sqlite3_busy_handler(db.get(), nullptr, nullptr);
  const int code = sqlite3_wal_checkpoint_v2(db.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) db.fail(moving_the_log);
  db.wait_for_others();
}

/// SQLite looks whether the parts of a page lie within it, each time that it reads one.
constexpr const char* verify_pages = "PRAGMA cell_size_check = ON";

std::unique_ptr<connection> open_for_writing(const std::filesystem::path& file, const store_options& options) {
  auto db = std::make_unique<connection>(file, errc::open_failed);
  if (sqlite3_db_readonly(db->get(), "main") == 1)
    db->fail("opening it", "it may only be read", what_to_do(SQLITE_READONLY));
  const auto found = identify(*db);
  if (found == 0 && !options.create) db->fail("opening it", "the file is empty", no_store);
  use_write_ahead_log(*db);
  db->execute("setting it up", synchronous(options.durability));
  db->execute("setting it up", "PRAGMA cache_size = -32768");
  if (options.verify_reads) db->execute("setting it up", verify_pages);
  take_over_log(*db);
  if (found != schema_version) migrate(*db);
  return db;
}

class sqlite_store final : public detail::database_store<sqlite_store> {
public:
  sqlite_store(const std::filesystem::path& file, const store_options& options)
    : database_store{options}, kept_{options.durability},
      writer_{open_for_writing(file, options), options.durability, clock(), options.verify_reads},
      readers_{most_readers, [file, verified = options.verify_reads] {
                 auto db = std::make_unique<connection>(file, errc::read_failed);
                 db->execute("setting up a reader", "PRAGMA query_only = ON; PRAGMA cache_size = -16384");
                 if (verified) db->execute("setting up a reader", verify_pages);
                 return std::make_unique<reader>(std::move(db), verified);
               }} {}

private:
  friend database_store;

  std::optional<position> take_appended_elsewhere() {
    const std::lock_guard lock{mutex_};
    return writer_.take_appended_elsewhere();
  }

  template <class Use>
  auto ask(const Use& use) const -> result<decltype(use(std::declval<reader&>()))> {
    try {
      return readers_.with(use);
    } catch (const failure& why) {
      return why.error();
    }
  }

  /// Runs `work` in one transaction, which is undone where it answers an error or throws.
  template <class Work>
  auto change(kind what, const Work& work) -> decltype(work(std::declval<writer&>())) {
    const std::lock_guard lock{mutex_};
    if (fault_) return *fault_;
    try {
      writer_.begin(what == kind::of_snapshots ? durability::relaxed : kept_);
      auto answer = work(writer_);
      if (answer)
        writer_.commit();
      else
        writer_.undo();
      return answer;
    } catch (const disk_fault& why) {
      writer_.undo();
      return turn_read_only(why.error());
    } catch (const failure& why) {
      writer_.undo();
      return why.error();
    } catch (...) {
      writer_.undo();
      throw;
    }
  }

  /// Answers why, to whoever hears of it first. The writer stays open: readers that came later would otherwise read the
  /// log anew, and find what was undone.
  error turn_read_only(error why) {
    writer_.leave_alone();
    why.message += ", and open the store again: until then it can only be read";
    fault_.emplace(errc::read_only, "nothing was written, because of what happened before: " + why.message);
    return why;
  }

  const durability kept_;
  std::mutex mutex_;
  std::optional<error> fault_; // of the disk, since which nothing is written
  writer writer_;
  mutable detail::reader_pool<reader> readers_;
};

/// Creates the file if there is none, for this user alone. SQLite would let others read it.
void create_file(const std::filesystem::path& file, bool wanted) {
  if (!wanted && !std::filesystem::exists(file))
    throw failure{errc::open_failed, "store '" + file.string() + "': opening it: there is no such file: " + no_store};
  // An existing file is left alone: to close it would take away the locks that this process holds on it.
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0)
    ::close(descriptor);
  else if (errno != EEXIST)
    throw failure{errc::open_failed, "store '" + file.string() +
                                       "': creating it: " + std::generic_category().message(errno) +
                                       ": see that its folder is there and that this user may write to it"};
}

} // namespace

result<std::unique_ptr<event_store>> open_sqlite_store(const std::filesystem::path& file, store_options options) {
  if (file.empty()) return error{errc::invalid_argument, "opening a store: no file is named: give sqlite:FILE"};
  if (file.native().find('\0') != std::string::npos) // SQLite would open what stands in front of it
    return error{errc::invalid_argument, "opening a store: the name of its file holds a NUL: name another one"};
  try {
    // SQLite gives names such as ":memory:" and "file:x?mode=ro" a meaning of its own, but no absolute path.
    const auto path = std::filesystem::absolute(file);
    create_file(path, options.create);
    return std::unique_ptr<event_store>{std::make_unique<sqlite_store>(path, options)};
  } catch (const failure& why) {
    return why.error();
  } catch (const std::filesystem::filesystem_error& why) {
    return error{errc::open_failed, "store '" + file.string() + "': opening it: " + why.code().message() +
                                      ": start the program in a folder that is there, or name the whole path"};
  }
}

} // namespace skald
