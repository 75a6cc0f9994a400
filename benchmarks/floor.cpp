#include "floor.hpp"
#include <skald/store/checksum.hpp>
#include <skald/store/ids.hpp>
#include <skald/store/timestamp.hpp>

#include <sqlite3.h>

#include <stdexcept>
#include <string>

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

} // namespace

struct plain_sqlite::statements {
  explicit statements(sqlite3* db)
    : begin{db, "BEGIN IMMEDIATE"}, commit{db, "COMMIT"}, data_version{db, "PRAGMA data_version"},
      stream{db, "SELECT key, revision, newest FROM skald_streams WHERE name = ?1"},
      insert_stream{db, "INSERT INTO skald_streams VALUES (?1, ?2, ?3, ?4)"},
      update_stream{db, "UPDATE skald_streams SET revision = ?2, newest = ?3 WHERE key = ?1"},
      find{db, "SELECT position FROM skald_events WHERE id = ?1"},
      insert{db, "INSERT INTO skald_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"},
      all{db, "SELECT position, id, stream, type, revision, schema_version, created, recorded, flags, data, meta "
              "FROM skald_events ORDER BY position"} {}

  statement begin, commit, data_version, stream, insert_stream, update_stream, find, insert, all;
};

plain_sqlite::plain_sqlite(const std::filesystem::path& file)
  : time_{static_cast<std::int64_t>(skald::timestamp{skald::system_wall_clock(), 0}.ticks())} {
  if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK) throw std::runtime_error{sqlite3_errmsg(db_)};
  sqlite3_exec(db_, "PRAGMA synchronous = FULL; PRAGMA cache_size = -32768", nullptr, nullptr, nullptr);
  statements_ = std::make_unique<statements>(db_);
}

plain_sqlite::~plain_sqlite() {
  statements_.reset();
  sqlite3_close(db_);
}

void plain_sqlite::append(std::span<const event> events, std::string_view data) {
  auto& s = *statements_;
  s.begin.run();
  s.data_version.run();
  skald::record r;
  r.type = "bench:event";
  r.data = data;
  for (const auto& e : events) {
    const auto id = skald::make_event_id();
    if (e.id_given) s.find.bind(1, id).run();
    std::int64_t key = 0;
    std::int64_t revision = 0;
    ++time_;
    if (s.stream.bind(1, e.stream).row()) {
      key = s.stream.number(0);
      revision = s.stream.number(1) + 1;
      s.stream.reset();
      s.update_stream.bind(1, key).bind(2, revision).bind(3, time_).run();
    } else {
      s.stream.reset();
      key = ++newest_stream_;
      revision = 1;
      s.insert_stream.bind(1, key).bind(2, e.stream).bind(3, revision).bind(4, time_).run();
    }
    s.insert.bind(1, ++position_).bind(2, id).bind(3, key).bind(4, std::int64_t{1}).bind(5, revision);
    s.insert.bind(6, std::int64_t{1}).bind(7, time_).bind(8, time_).bind(9, std::int64_t{0}).bind(10, data);
    r.position = skald::position{static_cast<std::uint64_t>(position_)};
    r.id = id;
    r.stream = skald::stream_id{std::string{e.stream}};
    r.revision = skald::revision{static_cast<std::uint64_t>(revision)};
    r.created = r.recorded = skald::timestamp{static_cast<std::uint64_t>(time_)};
    s.insert.bind(13, static_cast<std::int64_t>(skald::checksum_of(r))).run();
  }
  s.commit.run();
}

void plain_sqlite::scan(const std::function<void(std::string_view data)>& visit) {
  auto& all = statements_->all;
  while (all.row()) visit(all.text(9));
  all.reset();
}

} // namespace bench
