#include "read_model.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sqlite3.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace fines {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t application_id = 0x66696e65; // "fine"
constexpr std::int64_t form = 1;                    // of the tables; raise it when they change
constexpr std::size_t most_in_group = 1000;

constexpr const char* schema = R"sql(
CREATE TABLE fines (
  stream   TEXT PRIMARY KEY,
  year     INTEGER NOT NULL,
  amount   INTEGER NOT NULL,
  expenses INTEGER NOT NULL,
  paid     INTEGER NOT NULL,
  position INTEGER NOT NULL
) STRICT;
CREATE TABLE counts (
  stream   TEXT PRIMARY KEY,
  events   INTEGER NOT NULL,
  position INTEGER NOT NULL
) STRICT;
CREATE TABLE store (
  first_event TEXT NOT NULL
) STRICT;
)sql";

std::int64_t year_of(skald::timestamp when) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(when.time())};
  return static_cast<int>(day.year());
}

std::int64_t number(skald::position where) { return static_cast<std::int64_t>(where.value); }

} // namespace

/// What is used of SQLite.
class read_model::database {
public:
  class statement {
  public:
    statement(const database& db, const char* sql) : db_{db} {
      db.check(sqlite3_prepare_v3(db.handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
    }
    ~statement() { sqlite3_finalize(handle_); }
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;

    template <class... Values>
    void run(const Values&... values) {
      int i = 0;
      (bind(++i, values), ...);
      while (next()) {
      }
    }
    /// The next row; its values are there until the next call.
    bool next() {
      const int code = sqlite3_step(handle_);
      if (code == SQLITE_ROW) return true;
      sqlite3_reset(handle_);
      if (code != SQLITE_DONE) db_.check(code);
      return false;
    }
    [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
    [[nodiscard]] std::string text(int column) const {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
      return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
    }

  private:
    void bind(int i, std::int64_t value) { db_.check(sqlite3_bind_int64(handle_, i, value)); }
    void bind(int i, const std::optional<std::int64_t>& value) {
      value ? bind(i, *value) : db_.check(sqlite3_bind_null(handle_, i));
    }
    void bind(int i, const std::string& value) {
      db_.check(sqlite3_bind_text64(handle_, i, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
    }

    const database& db_;
    sqlite3_stmt* handle_ = nullptr;
  };

  explicit database(const std::filesystem::path& file) : file_{file.string()} {
    const int code = sqlite3_open_v2(file_.c_str(), &handle_,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, nullptr);
    try {
      check(code);
      // Exclusive, so that a second process that would import at the same time is refused.
      execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
      const auto found = number("PRAGMA user_version");
      if (found == 0 && number("SELECT count(*) FROM sqlite_schema") == 0) {
        execute(schema);
        execute("PRAGMA application_id = " + std::to_string(application_id));
        execute("PRAGMA user_version = " + std::to_string(form));
      } else if (number("PRAGMA application_id") != application_id) {
        throw problem("it is another program's database; give another folder with --data");
      } else if (found != form) {
        throw problem("its tables have form " + std::to_string(found) + " and this program knows form " +
                      std::to_string(form) + "; move it away, and it is built again from the events");
      }
      execute("COMMIT");
    } catch (...) {
      sqlite3_close(handle_);
      throw;
    }
  }

  ~database() {
    add_fine.reset();
    change_fine.reset();
    change_count.reset();
    sqlite3_close(handle_);
  }
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  void execute(const std::string& sql) const { check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr)); }

  [[nodiscard]] std::int64_t number(const char* sql) const {
    statement ask{*this, sql};
    ask.next();
    return ask.integer(0);
  }

  void roll_back() const noexcept { sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr); }

  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

  void check(int code) const {
    if (code == SQLITE_OK) return;
    std::string why = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    switch (code & 0xff) {
      case SQLITE_BUSY:
        why = "another run of this program uses it; wait for its end, or give another folder with --data";
        break;
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT: why += "; move it away, and it is built again from the events"; break;
      case SQLITE_CANTOPEN: why += "; see that the folder is there and can be written to"; break;
      case SQLITE_READONLY: why += "; see that the file and its folder can be written to"; break;
      case SQLITE_FULL: why += "; make room on the disk and run it again"; break;
      default: break;
    }
    throw problem(why);
  }

  [[nodiscard]] std::runtime_error problem(const std::string& why) const {
    return std::runtime_error{"the table of fines '" + file_ + "' cannot be used: " + why};
  }

private:
  std::string file_;
  sqlite3* handle_ = nullptr;

public:
  std::optional<statement> add_fine;
  std::optional<statement> change_fine;
  std::optional<statement> change_count;
};

read_model::read_model(const std::filesystem::path& file) : db_{std::make_unique<database>(file)} {
  db_->add_fine.emplace(*db_, "INSERT INTO fines VALUES (?1, ?2, ?3, 0, 0, ?4) ON CONFLICT DO NOTHING");
  db_->change_fine.emplace(*db_, "UPDATE fines SET amount = coalesce(?2, amount), expenses = expenses + ?3, "
                                 "paid = paid + ?4, position = ?5 WHERE stream = ?1 AND position < ?5");
  db_->change_count.emplace(*db_, "INSERT INTO counts VALUES (?1, 1, ?2) ON CONFLICT (stream) DO UPDATE SET "
                                  "events = events + 1, position = ?2 WHERE position < ?2");
  database::statement first{*db_, "SELECT first_event FROM store"};
  if (first.next()) first_event_ = first.text(0);
  last_.value = static_cast<std::uint64_t>(db_->number("SELECT coalesce(max(position), 0) FROM counts"));
}

read_model::~read_model() = default;

template <class Work>
void read_model::write(Work work) {
  if (!broken_.empty()) throw std::runtime_error{broken_};
  try {
    if (!db_->in_transaction()) db_->execute("BEGIN IMMEDIATE");
    work();
  } catch (const std::exception& why) {
    broken_ = why.what();
    db_->roll_back();
    throw;
  }
}

void read_model::apply(const skald::record& r, const created& e) {
  write([&] { db_->add_fine->run(r.stream.str(), year_of(r.created), e.amount_cents, number(r.position)); });
}

void read_model::apply(const skald::record& r, const sent& e) { change(r, std::nullopt, e.expense_cents, 0); }
void read_model::apply(const skald::record& r, const penalty_added& e) { change(r, e.amount_cents, 0, 0); }
void read_model::apply(const skald::record& r, const paid& e) { change(r, std::nullopt, 0, e.payment_cents); }

void read_model::change(const skald::record& r, std::optional<cents> amount, cents expense, cents payment) {
  write([&] { db_->change_fine->run(r.stream.str(), amount, expense, payment, number(r.position)); });
}

void read_model::count(const skald::record& r) {
  write([&] {
    db_->change_count->run(r.stream.str(), number(r.position));
    // Only `clear` forgets which store it was: until then, rows of another one may be here.
    if (r.position == skald::position{1})
      database::statement{*db_, "INSERT INTO store SELECT ? WHERE NOT EXISTS (SELECT * FROM store)"}.run(r.id.str());
  });
}

void read_model::commit() {
  write([&] { db_->execute("COMMIT"); });
}

void read_model::clear() {
  write([&] { db_->execute("DELETE FROM fines; DELETE FROM counts; DELETE FROM store; COMMIT"); });
}

std::vector<year_of_fines> read_model::years() const {
  std::vector<year_of_fines> all;
  database::statement rows{*db_, "SELECT year, count(*), sum(paid >= amount + expenses), sum(amount + expenses), "
                                 "sum(paid) FROM fines GROUP BY year ORDER BY year"};
  while (rows.next())
    all.push_back(
      {static_cast<int>(rows.integer(0)), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)});
  return all;
}

std::int64_t read_model::counted() const { return db_->number("SELECT coalesce(sum(events), 0) FROM counts"); }

/// Those who wait for the same commit. Owned by them and by what is going to commit.
struct shared_table::group {
  explicit group(const asio::any_io_executor& where) : done{where, asio::steady_timer::time_point::max()} {}

  asio::steady_timer done; ///< cancelled when it is
  std::size_t members = 0;
  bool ended = false;
  std::string error;
};

struct shared_table::state {
  std::shared_ptr<read_model> model;
  std::weak_ptr<group> open; ///< which can be joined
};

shared_table::shared_table(std::shared_ptr<read_model> model)
  : state_{std::make_shared<state>(state{std::move(model), {}})} {}

read_model& shared_table::model() const noexcept { return *state_->model; }

skald::task<void> shared_table::durable(shared_table self) {
  auto mine = self.state_->open.lock();
  if (!mine) {
    mine = std::make_shared<group>(co_await asio::this_coro::executor);
    self.state_->open = mine;
    commit_when_complete(self.state_, mine, 0);
  }
  ++mine->members;
  boost::system::error_code cancelled;
  co_await mine->done.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (!mine->ended) throw boost::system::system_error{cancelled}; // the handler was, not the timer
  if (!mine->error.empty()) throw std::runtime_error{mine->error};
}

/// Commits when no member has joined while the executor went once through what it had to do.
void shared_table::commit_when_complete(std::shared_ptr<state> table, std::shared_ptr<group> members,
                                        std::size_t seen) {
  asio::post(members->done.get_executor(), [table, members, seen] {
    if (members->members != seen && members->members < most_in_group)
      return commit_when_complete(table, members, members->members);
    table->open.reset();
    try {
      table->model->commit();
    } catch (const std::exception& why) {
      members->error = why.what();
    }
    members->ended = true;
    members->done.cancel();
  });
}

} // namespace fines
