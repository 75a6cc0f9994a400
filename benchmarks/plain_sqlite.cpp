#include "plain_sqlite.hpp"
#include <skald/store/checksum.hpp>
#include <skald/store/record.hpp>
#include <skald/store/timestamp.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace bench {

namespace {

class statement {
public:
  statement(sqlite3* db, const char* text) : db_{db} {
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr) != SQLITE_OK) fail();
  }
  ~statement() { sqlite3_finalize(handle_); }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  statement& bind(int place, std::int64_t value) { return check(sqlite3_bind_int64(handle_, place, value)); }
  statement& bind(int place, std::string_view text) {
    return check(sqlite3_bind_text(handle_, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  }
  statement& bind(int place, const skald::event_id& id) {
    return check(sqlite3_bind_blob(handle_, place, id.bytes().data(), 16, SQLITE_STATIC));
  }
  bool row() {
    const int code = sqlite3_step(handle_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail();
    return code == SQLITE_ROW;
  }
  void run() {
    while (row()) {
    }
    sqlite3_reset(handle_);
  }
  void reset() { sqlite3_reset(handle_); }
  /// The number in the only row.
  std::int64_t value() {
    if (!row()) throw std::runtime_error{"plain SQLite: a statement has no answer"};
    const auto answer = number(0);
    reset();
    return answer;
  }
  [[nodiscard]] std::int64_t number(int column) { return sqlite3_column_int64(handle_, column); }
  [[nodiscard]] std::string_view text(int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }

private:
  statement& check(int code) {
    if (code != SQLITE_OK) fail();
    return *this;
  }
  [[noreturn]] void fail() const { throw std::runtime_error{sqlite3_errmsg(db_)}; }

  sqlite3* db_;
  sqlite3_stmt* handle_ = nullptr;
};

/// A setting that has no effect is answered, but is no error.
void must_be(sqlite3* db, const std::string& setting, std::string_view expected) {
  statement ask{db, ("PRAGMA " + setting).c_str()};
  if (!ask.row() || ask.text(0) != expected)
    throw std::runtime_error{"plain SQLite: " + setting + " is not " + std::string{expected}};
}

void set(sqlite3* db, const std::string& setting, std::string_view value) {
  statement{db, ("PRAGMA " + setting + " = " + std::string{value}).c_str()}.run();
  must_be(db, setting, value);
}

constexpr std::size_t most_remembered_streams = 16384; // as skald does

/// What skald reads of an event, and in which order.
const std::string columns = "SELECT e.position, e.id, e.type, e.revision, e.schema_version, e.created, e.recorded, "
                            "e.flags, e.data, e.meta, e.batch, e.checksum";
constexpr int data_column = 8;

/// Looks at every column, and answers the data.
std::string_view touch(statement& row, std::uint64_t& sum) {
  for (const int number : {0, 2, 3, 4, 5, 6, 7, 11}) sum += static_cast<std::uint64_t>(row.number(number));
  for (const int text : {1, 9, 10, 12}) sum += row.text(text).size();
  return row.text(data_column);
}

} // namespace

struct plain_sqlite::statements {
  explicit statements(sqlite3* db)
    : begin{db, "BEGIN IMMEDIATE"}, commit{db, "COMMIT"}, data_version{db, "PRAGMA data_version"},
      newest{db, "SELECT coalesce(max(position), 0) FROM skald_events"},
      newest_stream{db, "SELECT coalesce(max(key), 0) FROM skald_streams"},
      stream{db, "SELECT key, revision, newest FROM skald_streams WHERE name = ?1"},
      insert_stream{db, "INSERT INTO skald_streams VALUES (?1, ?2, ?3, ?4)"},
      update_stream{db, "UPDATE skald_streams SET revision = ?2, newest = ?3 WHERE key = ?1"},
      find{db, "SELECT position FROM skald_events WHERE id = ?1"},
      insert{db, "INSERT INTO skald_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"},
      all{db, (columns + ", s.name FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream "
                         "ORDER BY e.position")
                .c_str()},
      of_stream{db, (columns + ", ?1 FROM skald_events e WHERE e.stream = (SELECT key FROM skald_streams "
                               "WHERE name = ?1) ORDER BY e.created, e.id")
                      .c_str()} {}

  statement begin, commit, data_version, newest, newest_stream, stream, insert_stream, update_stream, find, insert, all,
    of_stream;
};

plain_sqlite::plain_sqlite(const std::filesystem::path& file, use what, int pages_in_log)
  : time_{static_cast<std::int64_t>(skald::timestamp{skald::system_wall_clock(), 0}.ticks())} {
  // As skald opens it: for one thread at a time.
  if (sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
    throw std::runtime_error{sqlite3_errmsg(db_)};
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> opened{db_, sqlite3_close}; // closed where a setting has no effect
  must_be(db_, "journal_mode", "wal"); // which is kept in the file
  if (what == use::appending) {
    set(db_, "synchronous", "2"); // FULL
    set(db_, "cache_size", "-32768");
    set(db_, "wal_autocheckpoint", std::to_string(pages_in_log));
    statement{db_, "INSERT INTO skald_types VALUES (1, 'user:renamed') ON CONFLICT DO NOTHING"}.run();
  } else {
    set(db_, "query_only", "1");
    set(db_, "cache_size", "-16384");
  }
  statements_ = std::make_unique<statements>(db_);
  std::ignore = opened.release();
}

plain_sqlite::~plain_sqlite() {
  statements_.reset();
  sqlite3_close(db_);
}

void plain_sqlite::append(std::span<const skald::stream_id* const> streams, std::string_view data, ids come) {
  auto& s = *statements_;
  begin();
  skald::record r;
  r.type = "user:renamed";
  r.data = data;
  for (const auto* stream : streams) {
    const auto id = skald::make_event_id();
    if (come == ids::given) s.find.bind(1, id).run();
    auto& entry = entry_of(*stream);
    auto& state = entry.second;
    if (!std::exchange(state.changed, true)) changed_.push_back(&entry);
    if (state.key == 0) state.key = ++newest_stream_;
    ++state.revision;
    state.newest = std::max(++time_, state.newest + 1);
    r.position = skald::position{static_cast<std::uint64_t>(++position_)};
    r.id = id;
    r.stream = *stream;
    r.revision = skald::revision{static_cast<std::uint64_t>(state.revision)};
    r.created = skald::timestamp{static_cast<std::uint64_t>(state.newest)};
    r.recorded = skald::timestamp{static_cast<std::uint64_t>(time_)};
    s.insert.bind(1, position_).bind(2, id).bind(3, state.key).bind(4, std::int64_t{1}).bind(5, state.revision);
    s.insert.bind(6, std::int64_t{1}).bind(7, state.newest).bind(8, time_).bind(9, std::int64_t{0}).bind(10, data);
    s.insert.bind(13, static_cast<std::int64_t>(skald::checksum_of(r))).run();
  }
  write_streams();
  s.commit.run();
}

void plain_sqlite::begin() {
  auto& s = *statements_;
  s.begin.run();
  const auto version = s.data_version.value();
  if (version != std::exchange(version_, version)) {
    streams_.clear();
    position_ = s.newest.value();
    newest_stream_ = s.newest_stream.value();
  }
  if (streams_.size() > most_remembered_streams) streams_.clear();
}

plain_sqlite::stream_entry& plain_sqlite::entry_of(const skald::stream_id& stream) {
  if (const auto known = streams_.find(stream); known != streams_.end()) return *known;
  stream_state state;
  auto& look_up = statements_->stream.bind(1, stream.str());
  if (look_up.row()) state = {look_up.number(0), look_up.number(1), look_up.number(2), true};
  look_up.reset();
  return *streams_.emplace(stream, state).first;
}

void plain_sqlite::write_streams() {
  auto& s = *statements_;
  for (auto* entry : changed_) {
    auto& [name, state] = *entry;
    if (state.stored)
      s.update_stream.bind(1, state.key).bind(2, state.revision).bind(3, state.newest).run();
    else
      s.insert_stream.bind(1, state.key).bind(2, name.str()).bind(3, state.revision).bind(4, state.newest).run();
    state.stored = true;
    state.changed = false;
  }
  changed_.clear();
}

std::size_t plain_sqlite::head() { return static_cast<std::size_t>(statements_->newest.value()); }

std::size_t plain_sqlite::scan(const std::function<void(std::string_view data)>& visit) {
  auto& all = statements_->all;
  std::uint64_t sum = 0;
  std::size_t count = 0;
  for (; all.row(); ++count) visit(touch(all, sum));
  all.reset();
  return count;
}

std::size_t plain_sqlite::scan_stream(const skald::stream_id& stream) {
  auto& rows = statements_->of_stream.bind(1, stream.str());
  std::uint64_t sum = 0;
  std::size_t count = 0;
  for (; rows.row(); ++count) (void)touch(rows, sum);
  rows.reset();
  return count;
}

} // namespace bench
