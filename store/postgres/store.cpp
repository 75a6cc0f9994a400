#include <skald/store/database/store.hpp>

#include <skald/store/append/sameness.hpp>
#include <skald/store/checksum.hpp>
#include <skald/store/database/head_tracker.hpp>
#include <skald/store/database/known_streams.hpp>
#include <skald/store/database/known_types.hpp>
#include <skald/store/database/reader_pool.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/database/schema_version.hpp>
#include <skald/store/postgres/libpqxx.hpp>
#include <skald/store/postgres/migrations.hpp>
#include <skald/store/postgres/url.hpp>
#include <skald/store/postgres_store.hpp>
#include <skald/store/read/merge_streams.hpp>
#include <skald/store/transaction.hpp>
#include <skald/store/values/flags.hpp>
#include <skald/store/values/last_position.hpp>
#include <skald/store/verify/completeness.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <sys/socket.h>
#include <thread>
#include <unordered_map>

namespace skald {

namespace {

using detail::postgres_url;
using detail::postgres::migrations;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr std::size_t most_readers = 8;
constexpr std::size_t most_cached_streams = 16'384;
constexpr std::size_t rows_of_a_statement = 1000;
constexpr std::size_t bytes_of_a_statement = std::size_t{8} << 20;
constexpr std::chrono::milliseconds longest_wait_for_others{5000};
constexpr std::chrono::milliseconds shortest_pause{20}; // between two attempts to connect
constexpr std::chrono::milliseconds longest_pause{500};

const auto schema_version = static_cast<std::int64_t>(migrations().size());

/// A prepared statement. `purpose` is what an error says was tried.
struct statement {
  const char* purpose;
  std::string text;
};

/// The server is gone, or the way to it. What was not committed is undone.
class lost_connection : public failure {
public:
  using failure::failure;
};

/// Cuts the connection of a statement that is not answered in time: libpq itself would wait for ever. Safe to use from
/// several threads at once.
class watchdog {
public:
  explicit watchdog(std::chrono::milliseconds deadline) : deadline_{deadline}, thread_{[this] { run(); }} {}
  ~watchdog() {
    {
      const std::lock_guard lock{mutex_};
      end_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

private:
  struct statement_in_flight {
    steady::time_point deadline;
    int socket;
    bool cut = false;
  };
  using list = std::list<statement_in_flight>;

public:
  /// Has the socket watched for as long as it lives, which must not be longer than the socket.
  class watch {
  public:
    watch(watchdog& dog, int socket) : dog_{dog} {
      const std::lock_guard lock{dog.mutex_};
      place_ = dog.watched_.insert(dog.watched_.end(), {steady::now() + dog.deadline_, socket});
      if (std::exchange(dog.asleep_, false)) dog.wake_.notify_one();
    }
    ~watch() {
      const std::lock_guard lock{dog_.mutex_};
      dog_.watched_.erase(place_);
    }
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    [[nodiscard]] bool cut() const {
      const std::lock_guard lock{dog_.mutex_};
      return place_->cut;
    }

  private:
    watchdog& dog_;
    list::iterator place_;
  };

private:
  void run() {
    std::unique_lock lock{mutex_};
    while (!end_) {
      const auto now = steady::now();
      auto next = steady::time_point::max();
      for (auto& one : watched_) { // in the order of their deadlines
        if (one.cut) continue;
        if (one.deadline > now) {
          next = one.deadline;
          break;
        }
        one.cut = true;
        ::shutdown(one.socket, SHUT_RDWR);
      }
      asleep_ = next == steady::time_point::max();
      if (asleep_)
        wake_.wait(lock);
      else
        wake_.wait_until(lock, next);
    }
  }

  std::chrono::milliseconds deadline_;
  std::mutex mutex_;
  std::condition_variable wake_;
  list watched_;
  bool asleep_ = false; // until somebody wakes it
  bool end_ = false;
  std::thread thread_;
};

class connection;

/// What a statement has answered. The connection must outlive it.
class rows {
public:
  rows(const connection& db, const pqxx::result& answer)
    : db_{&db}, answer_{answer}, columns_{static_cast<std::size_t>(answer.columns())},
      values_{detail::pq::values_of(answer_)} {}

  /// Moves on; false behind the last row.
  bool next() noexcept {
    if (next_ == values_.size()) return false;
    row_ = std::exchange(next_, next_ + columns_);
    return true;
  }

  /// In front of the next row.
  [[nodiscard]] std::size_t place() const noexcept { return next_; }
  void go_back_to(std::size_t place) noexcept { next_ = place; }

  [[nodiscard]] bool null(int column) const { return text(column).data() == nullptr; }
  [[nodiscard]] std::string_view text(int column) const { return values_[row_ + static_cast<std::size_t>(column)]; }
  [[nodiscard]] bool boolean(int column) const { return text(column) == "t"; }
  [[nodiscard]] std::int64_t integer(int column) const {
    const auto digits = text(column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  [[nodiscard]] std::optional<event_id> id(int column) const {
    const auto parsed = event_id::parse(text(column));
    return parsed ? std::optional{*parsed} : std::nullopt;
  }
  [[noreturn]] void corrupt(const std::string& what) const;

private:
  const connection* db_;
  pqxx::result answer_; // has what the values are views of
  std::size_t columns_;
  std::vector<std::string_view> values_;
  std::size_t row_ = 0; // where its values begin
  std::size_t next_ = 0;
};

/// The values of one parameter: an array in the text form that PostgreSQL reads.
class array {
public:
  void add(std::int64_t value) { begin() += std::to_string(value); }
  void add(std::string_view value) {
    auto& out = begin();
    out += '"';
    for (std::size_t i = 0; i < value.size();) {
      const auto end = std::min(value.find_first_of("\"\\", i), value.size());
      out.append(value, i, end - i);
      if (end < value.size()) (out += '\\') += value[end];
      i = end + 1;
    }
    out += '"';
  }
  void add(position value) { add(static_cast<std::int64_t>(value.value)); }
  void add(revision value) { add(static_cast<std::int64_t>(value.value)); }
  void add(timestamp value) { add(static_cast<std::int64_t>(value.ticks())); }
  void add(const event_id& value) { begin() += value.str(); }
  void add_null() { begin() += "NULL"; }

  /// Closes it; it is empty from then on.
  [[nodiscard]] std::string take() {
    begin_with_brace();
    auto taken = std::exchange(text_, {});
    taken += '}';
    return taken;
  }

private:
  void begin_with_brace() {
    if (text_.empty()) text_ = "{";
  }
  std::string& begin() {
    begin_with_brace();
    if (text_.size() > 1) text_ += ',';
    return text_;
  }

  std::string text_;
};

template <class Values>
std::string array_of(const Values& values) {
  array made;
  for (const auto& value : values) made.add(value);
  return made.take();
}

/// An integer as PostgreSQL can have it: what lies beyond compares like the largest.
std::int64_t clamped(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min(value, static_cast<std::uint64_t>(INT64_MAX)));
}

/// A session of the server and the words for what goes wrong with it. For one thread at a time.
class connection {
public:
  /// `trouble` is the code of errors from here on.
  connection(const postgres_url& to, errc trouble, watchdog& dog) : to_{to}, trouble_{trouble}, dog_{dog} {
    try {
      db_ = detail::pq::connect(to.uri);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& why) {
      if (const std::string_view told{why.what()}; is_about_the_url(told))
        throw failure{errc::invalid_argument, sentence("its URL is wrong", why.what(),
                                                       "its query takes what libpq does, and schema and deadline")};
      throw lost_connection{trouble_, sentence("connecting to it", why.what(),
                                               "see that the server runs there and lets in connections, and that host, "
                                               "user, password and database are right")};
    }
  }

  void set_trouble(errc trouble) noexcept { trouble_ = trouble; }

  template <class... Values>
  rows run(const statement& what, const Values&... values) {
    return attempt(what.purpose, [&] { return detail::pq::run(*db_, name_of(what), values...); });
  }

  rows run_text(const char* purpose, const std::string& text) {
    return attempt(purpose, [&] { return detail::pq::run_text(*db_, text); });
  }

  /// Calls `heard(payload)` for what other sessions have notified, when `take_notifications` is called.
  void listen(const std::string& channel, std::function<void(const std::string&)> heard) {
    const auto others = [this, heard = std::move(heard)](const std::string& payload, int backend) {
      if (backend != db_->backendpid()) heard(payload);
    };
    attempt("listening for appends of others", [&] {
      listener_ = std::make_unique<detail::pq::listener>(*db_, channel, others);
      return pqxx::result{};
    });
  }

  /// Does not wait for the server.
  void take_notifications() {
    attempt("listening for appends of others", [&] {
      db_->get_notifs();
      return pqxx::result{};
    });
  }

  [[noreturn]] void fail(const char* purpose, const std::string& reason, const std::string& advice) const {
    throw failure{trouble_, sentence(purpose, reason, advice)};
  }

  /// For what PostgreSQL itself finds nothing wrong with.
  [[noreturn]] void corrupt(const std::string& what) const {
    throw failure{trouble_with_damage(), sentence("reading what is stored", what, "restore it from a backup")};
  }

  [[nodiscard]] std::string sentence(const char* purpose, const std::string& reason, const std::string& advice) const {
    const auto told = detail::on_one_line(to_.without_secrets(reason));
    return "store '" + to_.shown + "' (schema '" + to_.schema + "'): " + purpose + ": " + told + ": " + advice;
  }

private:
  /// libpq begins with these where it does not come as far as a server. It has no code for that.
  static bool is_about_the_url(std::string_view told) {
    constexpr std::string_view beginnings[] = {"invalid ",   "missing ",         "extra ",
                                               "forbidden ", "unexpected ",      "end of string ",
                                               "IPv6 host ", "could not match ", "definition of service "};
    return std::ranges::any_of(beginnings, [&](std::string_view b) { return told.starts_with(b); }) ||
           told.find("for connection option") != std::string_view::npos;
  }

  /// Runs `work` under the watchdog, and throws its error in our words.
  template <class Work>
  rows attempt(const char* purpose, Work work) {
    const watchdog::watch watch{dog_, db_->sock()};
    try {
      return rows{*this, work()};
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& why) {
      const auto state = detail::pq::sqlstate_of(why);
      if (watch.cut())
        throw lost_connection{
          trouble_, sentence(purpose, "the server has not answered for " + std::to_string(to_.deadline.count()) + " ms",
                             "see what it is busy with, or give the URL a longer deadline=")};
      if (!db_->is_open() || detail::pq::says_broken(why) || says_lost(state))
        throw lost_connection{trouble_, sentence(purpose, std::string{"the connection was lost: "} + why.what(),
                                                 "see that the server runs")};
      throw failure{state.starts_with("XX00") ? trouble_with_damage() : trouble_,
                    sentence(purpose,
                             detail::on_one_line(why.what()) + (state.empty() ? "" : " (SQLSTATE " + state + ")"),
                             what_to_do(state))};
    }
  }

  /// The server ends, starts or was replaced, or it has ended the session.
  static bool says_lost(std::string_view state) {
    return state.starts_with("08") || state.starts_with("57P") || state == "25006" || state == "25P03";
  }

  static const char* what_to_do(std::string_view state) {
    if (state == "55P03") return "another node was writing all the time: try again, or see who holds the lock";
    if (state == "57014") return "see what the server is busy with, or give the URL a longer deadline=";
    if (state == "42501") return "grant this user what it needs, or open it as another one";
    if (state == "42P01" || state == "3F000")
      return "its tables are gone: restore them from a backup, or open it again";
    if (state.starts_with("42"))
      return "its tables are not as skald has made them, something else has changed them: restore them from a backup";
    if (state.starts_with("53")) return "make room on the server, or raise its limits";
    if (state.starts_with("58") || state.starts_with("XX"))
      return "see the server's log, and whether its disk is sound";
    return "please report it";
  }

  [[nodiscard]] errc trouble_with_damage() const noexcept {
    return trouble_ == errc::open_failed ? trouble_ : errc::corrupt;
  }

  const std::string& name_of(const statement& what) {
    const auto [known, added] = prepared_.try_emplace(&what, "skald_" + std::to_string(prepared_.size()));
    if (added) db_->prepare(known->second, what.text);
    return known->second;
  }

  const postgres_url& to_;
  errc trouble_;
  watchdog& dog_;
  std::unique_ptr<pqxx::connection> db_;
  std::unordered_map<const statement*, std::string> prepared_;
  std::unique_ptr<detail::pq::listener> listener_; // ends before the connection
};

void rows::corrupt(const std::string& what) const { db_->corrupt(what); }

/// Sets up a session. All our statements are to go by an index in its order, however small the planner believes a table to
/// be: so it has to plan each of them only once, whatever the values.
const statement set_up{"setting up the session", R"sql(
SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'),
  set_config('search_path', quote_ident($1), false),
  set_config('statement_timeout', $2, false), set_config('lock_timeout', $3, false),
  set_config('idle_in_transaction_session_timeout', $2, false),
  set_config('synchronous_commit', CASE WHEN $4::boolean THEN 'off' WHEN current_setting('synchronous_commit') = 'off'
                                        THEN 'on' ELSE current_setting('synchronous_commit') END, false),
  set_config('client_encoding', 'UTF8', false), set_config('client_min_messages', 'error', false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
  set_config('enable_mergejoin', 'off', false), set_config('enable_bitmapscan', 'off', false),
  set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false))sql"};

std::unique_ptr<connection> open_session(const postgres_url& to, errc trouble, watchdog& dog, durability kept) {
  constexpr int oldest_server = 150000;
  auto db = std::make_unique<connection>(to, trouble, dog);
  // The server gives up before the watchdog does, which costs the connection.
  const auto statement_milliseconds = std::max<std::int64_t>(1, to.deadline.count() * 3 / 4);
  const auto lock_milliseconds =
    std::max<std::int64_t>(1, std::min(longest_wait_for_others.count(), to.deadline.count() / 2));
  auto answer = db->run(set_up, to.schema, std::to_string(statement_milliseconds), std::to_string(lock_milliseconds),
                        std::string{kept == durability::relaxed ? "true" : "false"});
  answer.next();
  if (answer.integer(0) < oldest_server)
    db->fail("setting up the session", "the server is older than PostgreSQL 15", "use a newer one");
  if (answer.text(1) != "UTF8")
    db->fail("setting up the session", "the database is encoded in " + std::string{answer.text(1)},
             "create one with ENCODING 'UTF8'");
  return db;
}

/// Asks the catalog itself: what a session remembers of it may be older than the lock that it has waited for.
const statement find_schema{
  "identifying it",
  "SELECT quote_ident($1), EXISTS (SELECT FROM pg_namespace WHERE nspname = $1), EXISTS (SELECT FROM pg_class c "
  "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'skald_schema')"};
const statement lock_schema{"waiting for its turn to create the tables",
                            "SELECT pg_advisory_xact_lock(1936419940, hashtext($1))"}; // "skld"

/// The version of the schema, 0 where there is none. Fails where it is not ours to touch.
std::int64_t identify(connection& db, const std::string& schema) {
  auto place = db.run(find_schema, schema);
  place.next();
  if (!place.boolean(2)) return 0;
  auto found = db.run_text("identifying it", "SELECT version FROM " + std::string{place.text(0)} + ".skald_schema");
  const auto version = found.next() ? found.integer(0) : 0;
  detail::check_version(db, version, schema_version);
  return version;
}

/// Brings the schema to the newest version, in one transaction.
void migrate(connection& db, const std::string& schema) {
  constexpr const char* purpose = "creating the tables";
  db.run_text(purpose, "BEGIN");
  db.run(lock_schema, schema);
  const auto version = identify(db, schema); // another node may have been faster
  auto found = db.run(find_schema, schema);
  found.next();
  if (!found.boolean(1)) db.run_text(purpose, "CREATE SCHEMA " + std::string{found.text(0)});
  for (auto i = static_cast<std::size_t>(version); i < migrations().size(); ++i) db.run_text(purpose, migrations()[i]);
  db.run_text(purpose, "UPDATE skald_schema SET version = " + std::to_string(schema_version));
  db.run_text(purpose, "COMMIT");
}

#define SKALD_EVENT_BYTES "octet_length(e.data) + coalesce(octet_length(e.meta), 0)"

/// What a `record_decoder` reads, in this order. Data and metadata of larger events are fetched when it is known that they are
/// wanted.
#define SKALD_EVENT_COLUMNS                                                                                            \
  SKALD_RECORD_COLUMNS ", CASE WHEN " SKALD_EVENT_BYTES " <= 8192 THEN e.data END, "                                   \
                       "CASE WHEN " SKALD_EVENT_BYTES " <= 8192 THEN e.meta END, e.stream, " SKALD_EVENT_BYTES
constexpr int meta_column = detail::data_column + 1;
constexpr int stream_column = meta_column + 1;
constexpr int bytes_column = stream_column + 1;

/// `$n` is an array of names, or NULL for all types.
#define SKALD_OF_TYPES(n)                                                                                              \
  "(" n "::text[] IS NULL OR e.type = ANY (ARRAY(SELECT key FROM skald_types WHERE name = ANY (" n ")))) "

const statement find_types{"looking up event types", "SELECT key, name FROM skald_types WHERE name = ANY ($1)"};
const statement find_type_names{"looking up event types", "SELECT key, name FROM skald_types WHERE key = ANY ($1)"};
const statement find_stream_names{"looking up streams", "SELECT key, name FROM skald_streams WHERE key = ANY ($1)"};
const statement find_bodies{"reading events",
                            "SELECT position, data, meta FROM skald_events WHERE position = ANY ($1)"};
const statement find_events{"looking up events",
                            "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e WHERE e.id = ANY ($1)"};
const statement find_events_without_body{"looking up events",
                                         "SELECT " SKALD_RECORD_COLUMNS
                                         ", '', '', e.stream, 0 FROM skald_events e WHERE e.id = ANY ($1)"};

/// Whether the rows of a page are all of one stream, whose name is known.
enum class streams_of_page : bool { one, several };

/// What a `record_decoder` reads in this database's own way: what rows need besides themselves is fetched for many at once.
class record_parts {
public:
  /// Fetches names of types and, unless it is known, of streams; data and metadata of the larger ones. Of no more of the rows
  /// that are left than a page can hold; answers how many those are.
  std::size_t fetch_page(rows& of, streams_of_page streams) {
    std::set<std::int64_t> new_types, new_streams, bodies;
    std::size_t count = 0;
    const auto first = of.place();
    for (std::size_t bytes = 0; count < limits::page_records && bytes < limits::page_bytes && of.next(); ++count) {
      bytes += static_cast<std::size_t>(of.integer(bytes_column));
      if (const auto type = of.integer(detail::type_column); !types_.name_of(type)) new_types.insert(type);
      if (const auto stream = of.integer(stream_column);
          streams == streams_of_page::several && !streams_.contains(stream))
        new_streams.insert(stream);
      if (of.null(detail::data_column)) bodies.insert(of.integer(0));
    }
    of.go_back_to(first);
    each(find_type_names, new_types, [&](const rows& row) { types_.add(row.integer(0), row.text(1)); });
    each(find_stream_names, new_streams, [&](const rows& row) {
      if (auto name = stream_id::parse(std::string{row.text(1)})) streams_.emplace(row.integer(0), std::move(*name));
    });
    bodies_.clear();
    each(find_bodies, bodies, [&](const rows& row) {
      bodies_.emplace(row.integer(0), std::pair{std::string{row.text(1)}, std::string{row.text(2)}});
    });
    return count;
  }

  /// Forgets names, where there are too many. Not in the middle of a transaction, which may have added types.
  void trim() noexcept {
    types_.trim();
    if (streams_.size() >= most_cached_streams) streams_.clear();
  }

  [[nodiscard]] detail::known_types& types() noexcept { return types_; }
  void forget_streams() noexcept { streams_.clear(); }

protected:
  record_parts(connection& db, bool) : db_{db} {}

  const std::string* type_of(const rows& row) const { return types_.name_of(row.integer(detail::type_column)); }
  bool read_stream(const rows& row, record& r) const {
    const auto known = streams_.find(row.integer(stream_column));
    if (known == streams_.end()) return false;
    r.stream = known->second;
    return true;
  }
  void read_body(const rows& row, record& r) {
    const bool here = !row.null(detail::data_column);
    auto body = here ? decltype(bodies_)::node_type{} : bodies_.extract(row.integer(0));
    r.data = body ? std::move(body.mapped().first) : std::string{row.text(detail::data_column)};
    r.meta = body ? std::move(body.mapped().second) : std::string{row.text(meta_column)};
  }

private:
  void each(const statement& find, const std::set<std::int64_t>& keys, const auto& use) {
    if (keys.empty()) return;
    for (auto row = db_.run(find, array_of(keys)); row.next();) use(row);
  }

  connection& db_;
  detail::known_types types_;
  std::unordered_map<std::int64_t, stream_id> streams_;
  std::unordered_map<std::int64_t, std::pair<std::string, std::string>> bodies_; // by position
};
using record_decoder = detail::record_decoder<record_parts>;

const statement find_streams{"looking up streams",
                             "SELECT key, revision, newest, name FROM skald_streams WHERE name = ANY ($1)"};
const statement write_events{"writing events", R"sql(
WITH head AS (UPDATE skald_head SET position = $1, recorded = $2, last_stream = $3, last_type = $4),
types AS (INSERT INTO skald_types SELECT * FROM unnest($5::integer[], $6::text[])),
new_streams AS (
  INSERT INTO skald_streams SELECT * FROM unnest($7::bigint[], $8::text[], $9::bigint[], $10::bigint[])),
old_streams AS (
  UPDATE skald_streams s SET revision = u.revision, newest = u.newest
  FROM unnest($11::bigint[], $12::bigint[], $13::bigint[]) AS u (key, revision, newest) WHERE s.key = u.key),
events AS (
  INSERT INTO skald_events SELECT * FROM unnest($14::bigint[], $15::uuid[], $16::bigint[], $17::integer[], $18::bigint[],
    $19::bigint[], $20::bigint[], $21::bigint[], $22::integer[], $23::text[], $24::text[], $25::text[], $26::bigint[]))
SELECT pg_notify($27, $1::text))sql"};
const statement find_commands{
  "looking up commands", "SELECT id, first, last, revisions, answer, kept FROM skald_commands WHERE id = ANY ($1)"};
const statement write_commands{"writing the receipts of commands", R"sql(
INSERT INTO skald_commands
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
ON CONFLICT (id) DO UPDATE SET kept = excluded.kept, first = excluded.first, last = excluded.last,
  revisions = excluded.revisions, answer = excluded.answer)sql"};
const statement forget_commands{
  "forgetting receipts of commands",
  "DELETE FROM skald_commands WHERE id IN (SELECT id FROM skald_commands WHERE kept < $1 ORDER BY kept LIMIT $2)"};
const statement change_relations{"writing relations", "SELECT skald_relate($1::integer[], $2::text[], $3::bigint[])"};
const statement save_snapshot{
  "saving a snapshot",
  "INSERT INTO skald_snapshots VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
  "ON CONFLICT (of_relation, name, reducer) DO UPDATE SET fingerprint = excluded.fingerprint, "
  "created = excluded.created, id = excluded.id, records = excluded.records, "
  "relation_revision = excluded.relation_revision, checksum = excluded.checksum, state = excluded.state"};
const statement remove_snapshot{
  "removing a snapshot", "DELETE FROM skald_snapshots WHERE (of_relation, name, reducer) = ($1::boolean, $2, $3)"};
const statement was_committed{"looking whether the last transaction was committed",
                              "SELECT 1 FROM skald_sessions WHERE id = $1 AND commits = $2"};
const statement find_later{"looking for later events",
                           "SELECT 1 FROM skald_events WHERE stream = $1 AND created > $2 AND type = $3 LIMIT 1"};
const statement count_until{"counting the events of a stream",
                            "SELECT count(*) FROM skald_events WHERE stream = $1 AND position <= $2"};
const statement look_at_head{"looking up the newest event", "SELECT position, recorded FROM skald_head"};
const statement add_projection{"registering a projection",
                               "INSERT INTO skald_projections (name, handled, fresh_from) "
                               "SELECT $1, 0, coalesce(nullif($2, '')::bigint, position) FROM skald_head "
                               "ON CONFLICT (name) DO NOTHING"};
/// Locked: its completions, and what is made of it, are of the same moment.
const statement find_projection{"reading a checkpoint",
                                "SELECT key, handled, fresh_from FROM skald_projections WHERE name = $1 FOR UPDATE"};
const statement find_completions{"reading a checkpoint",
                                 "SELECT position, handler FROM skald_completions WHERE projection = $1 "
                                 "ORDER BY position, handler"};
const statement save_progress{"saving a checkpoint", R"sql(
WITH p AS (UPDATE skald_projections SET handled = greatest(handled, $2) WHERE name = $1 RETURNING key, handled),
passed AS (DELETE FROM skald_completions c USING p WHERE c.projection = p.key AND c.position <= p.handled),
added AS (
  INSERT INTO skald_completions SELECT p.key, u.position, u.handler
  FROM p, unnest($3::bigint[], $4::text[]) AS u (position, handler) WHERE u.position > p.handled ON CONFLICT DO NOTHING)
SELECT 1 FROM p)sql"};
const statement move_back{"moving a checkpoint back",
                          "UPDATE skald_projections SET handled = $2, fresh_from = $3 WHERE name = $1"};

/// Runs the requests of one writer at a time, each in a transaction between `begin` and `commit` or `undo`.
///
/// What is written is kept until it is enough for a statement. What is remembered of streams and events holds while the
/// transaction has the head locked.
class writer final : public event_store::transaction {
public:
  writer(std::unique_ptr<connection> db, hybrid_clock& clock, detail::head_tracker& heads, bool verified)
    : db_{std::move(db)}, clock_{clock}, heads_{heads}, verified_{verified}, decode_{*db_, verified} {
    auto found = db_->run_text("listening for appends of others", "SELECT 'skald_head'::regclass::oid");
    found.next();
    head_table_ = found.text(0);
    channel_ = "skald_" + head_table_;
    db_->listen(channel_, [this](const std::string& payload) {
      if (const auto head = position::parse(payload)) heads_.seen(*head);
    });
    heads_.seen(look()); // after it listens, so that nothing is missed between
  }

  /// What others have appended and told of, without asking the server.
  void hear() { db_->take_notifications(); }

  position look() {
    auto found = db_->run(look_at_head);
    if (!found.next()) db_->corrupt("the table skald_head is empty");
    clock_.observe(timestamp{detail::counter_at(found, 1)});
    return position{detail::counter_at(found, 0)};
  }

  void set_trouble(errc trouble) noexcept { db_->set_trouble(trouble); }

  void begin() {
    forget();
    db_->run_text("beginning a transaction", "BEGIN");
    wrote_ = true;
  }

  /// The same, for a transaction that may append: waits for those of others, and keeps others waiting. In the order in which
  /// they came, which only an advisory lock is given in: a row's goes to whoever looks first once it was changed.
  void begin_appending(bool relaxed) {
    forget();
    decode_.trim();
    wrote_ = false;
    auto head = db_->run_text("waiting for its turn to write",
                              std::string{"BEGIN; "} + (relaxed ? "SET LOCAL synchronous_commit = off; " : "") +
                                "SELECT pg_advisory_xact_lock(1936419941, " + head_table_ +
                                "::oid::integer); "
                                "SELECT position, recorded, last_stream, last_type FROM skald_head FOR UPDATE");
    if (!head.next()) db_->corrupt("the table skald_head is empty");
    head_ = position{detail::counter_at(head, 0)};
    recorded_ = timestamp{detail::counter_at(head, 1)};
    streams_.set_last_key(head.integer(2));
    last_type_ = head.integer(3);
    clock_.observe(recorded_);
    heads_.seen(head_);
    appending_ = true;
  }

  /// Throws `lost_connection` with `outcome::unknown` where the connection is lost before the answer.
  void commit() {
    flush();
    flush_receipts();
    if (!kinds_.empty()) {
      array kinds;
      for (const auto kind : kinds_) kinds.add(static_cast<std::int64_t>(kind));
      db_->run(change_relations, kinds.take(), relation_keys_.take(), relation_streams_.take());
      wrote_ = true;
    }
    if (!wrote_) return undo();
    try {
      db_->run_text("committing a transaction", (appending_ ? count_commit() : std::string{}) + "COMMIT");
    } catch (const lost_connection& why) {
      auto unheard = why.error();
      unheard.outcome = outcome::unknown;
      throw lost_connection{std::move(unheard)};
    }
    if (appending_) heads_.set(head_);
    appending_ = has_new_types_ = false;
  }

  /// Ends the transaction. A connection that is lost undoes it as well.
  void undo() noexcept {
    appending_ = false;
    types_of_others_only();
    try {
      db_->run_text("undoing a transaction", "ROLLBACK");
    } catch (...) {
      return;
    }
  }

  /// By what another session finds out whether the last transaction was committed.
  struct trace {
    event_id session;
    std::int64_t commits;
  };
  [[nodiscard]] trace last_trace() const { return {session_, commits_}; }

  /// In a transaction that may append: then that other one has ended. What it has written does not tell, for another node may
  /// have written the same; nor does its number, which is given again where a server crashes.
  [[nodiscard]] bool committed(const trace& other) {
    return db_->run(was_committed, other.session.str(), other.commits).next();
  }

  void prefetch(std::span<const append_request* const> group) override {
    question ask;
    for (const auto* request : group) {
      for (const auto& part : request->streams) {
        ask.stream(part.stream);
        for (const auto& event : part.events) {
          if (!event.id.nil()) ask.ids.push_back(event.id);
          ask.types.insert(event.type);
        }
      }
      for (const auto& change : request->relations)
        if (!change.stream().empty()) ask.stream(change.stream());
      if (request->after) ask.ids.push_back(*request->after);
      if (!request->command.empty() && receipts_.try_emplace(request->command).second)
        ask.commands.push_back(request->command.str());
    }
    look_up(ask);
  }

  void prefetch(std::span<const record> records) override {
    question ask;
    for (const auto& r : records) {
      ask.stream(r.stream);
      ask.ids.push_back(r.id);
      ask.types.insert(r.type);
    }
    look_up(ask);
  }

  void prefetch(std::span<const relation_change> changes) override {
    question ask;
    for (const auto& change : changes)
      if (!change.stream().empty()) ask.stream(change.stream());
    look_up(ask);
  }

  stream_head head_of(const stream_id& stream) override { return entry_of(stream).second.head(); }

  position head() override { return head_; }

  std::optional<known_event> find(const event_id& id) override {
    if (const auto kept = kept_.find(id); kept != kept_.end()) {
      const auto& r = events_[kept->second];
      return known_event{detail::without_body(r), checksum_of(r)};
    }
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    look_up_ids(std::span{&id, 1});
    return known_.at(id);
  }

  bool holds_later(const stream_id& stream, std::string_view type, timestamp created) override {
    const auto& state = entry_of(stream).second;
    if (state.newest <= created) return false;
    const auto is_later = [&](const record& r) { return r.stream == stream && r.type == type && r.created > created; };
    if (std::ranges::any_of(events_, is_later)) return true;
    const auto key = known_key(std::string{type});
    return key && db_->run(find_later, state.key, clamped(created.ticks()), *key).next();
  }

  revision revision_at(const stream_id& stream, position head) override {
    flush();
    auto found = db_->run(count_until, entry_of(stream).second.key, clamped(head.value));
    found.next();
    return revision{detail::counter_at(found, 0)};
  }

  void write(const record& r) override {
    assert(r.position == position{head_.value + 1});
    streams_.change(entry_of(r.stream), r);
    head_ = r.position;
    recorded_ = std::max(recorded_, r.recorded);
    known_.erase(r.id);
    kept_.emplace(r.id, events_.size());
    bytes_ += events_.emplace_back(r).data.size() + r.meta.size();
    if (events_.size() == rows_of_a_statement || bytes_ >= bytes_of_a_statement) flush();
  }

  std::optional<kept_receipt> find(const command_id& command) override {
    const auto [known, added] = receipts_.try_emplace(command);
    if (added) look_up_commands(std::span{&command.str(), 1});
    return known->second;
  }

  void keep(const command_id& command, const receipt& given, timestamp kept) override {
    receipts_[command] = kept_receipt{given, kept};
    new_receipts_.insert(command);
  }

  void forget_receipts(timestamp oldest) override {
    forget_ += 2;
    forget_before_ = std::max(forget_before_, oldest);
    for (auto& [command, known] : receipts_)
      if (known && known->kept < oldest) known.reset(), new_receipts_.erase(command);
  }

  void save(const snapshot& s) override {
    db_->run(save_snapshot, s.key.relation() != nullptr, s.key.name(), s.key.reducer(), s.fingerprint,
             clamped(s.cursor.created.ticks()), s.cursor.id.str(), clamped(s.records),
             clamped(s.relation_revision.value), detail::checksum_of(s), s.state);
    wrote_ = true;
  }

  void remove(const snapshot_key& key) override {
    db_->run(remove_snapshot, key.relation() != nullptr, key.name(), key.reducer());
    wrote_ = true;
  }

  void relate(const relation_change& change) override {
    std::int64_t stream = 0;
    if (change.what() != relation_change::kind::remove_key) {
      auto& entry = entry_of(change.stream());
      if (entry.second.key == 0 && change.what() == relation_change::kind::insert) streams_.change(entry);
      stream = entry.second.key;
    }
    kinds_.push_back(change.what());
    relation_keys_.add(change.key().str());
    relation_streams_.add(stream);
  }

  void register_projection(std::string_view name, std::optional<position> fresh_from) {
    db_->run(add_projection, std::string{name}, fresh_from ? std::to_string(fresh_from->value) : std::string{});
  }

  [[nodiscard]] result<checkpoint> read_checkpoint(std::string_view name) {
    return detail::checkpoint_in(name, db_->run(find_projection, std::string{name}),
                                 [&](std::int64_t key) { return db_->run(find_completions, key); });
  }

  [[nodiscard]] result<void> save(const checkpoint_update& update) {
    array positions;
    array handlers;
    for (const auto& done : update.completions) {
      positions.add(done.position);
      handlers.add(done.handler);
    }
    auto saved =
      db_->run(save_progress, update.projection, clamped(update.handled.value), positions.take(), handlers.take());
    if (!saved.next()) return detail::unknown_projection(update.projection);
    return {};
  }

  void rewind(std::string_view name, position handled, position fresh_from) {
    db_->run(move_back, std::string{name}, clamped(handled.value), clamped(fresh_from.value));
  }

private:
  /// What is asked in as few statements as there are kinds of things.
  struct question {
    std::unordered_map<std::string_view, const stream_id*> streams;
    std::vector<event_id> ids;
    std::set<std::string> types;
    std::vector<std::string> commands;

    void stream(const stream_id& name) { streams.emplace(name.str(), &name); }
  };

  void look_up(question& ask) {
    array names;
    bool any = false;
    for (const auto& [name, stream] : ask.streams)
      if (!streams_.knows(*stream)) streams_.know(*stream, {}), names.add(name), any = true;
    if (any) look_up_streams(names.take());
    if (!ask.commands.empty()) look_up_commands(ask.commands);
    for (std::span ids{ask.ids}; !ids.empty();) {
      const auto part = ids.first(std::min(ids.size(), rows_of_a_statement));
      look_up_ids(part);
      ids = ids.subspan(part.size());
    }
    std::erase_if(ask.types, [&](const std::string& type) { return types_.key_of(type).has_value(); });
    if (!ask.types.empty() && ask.types.size() <= detail::known_types::most) look_up_types(ask.types);
  }

  void look_up_types(const auto& names) {
    for (auto row = db_->run(find_types, array_of(names)); row.next();) types_.add(row.integer(0), row.text(1));
  }

  void look_up_streams(const std::string& names) {
    for (auto row = db_->run(find_streams, names); row.next();)
      streams_.know(stream_id{std::string{row.text(3)}}, detail::stream_in(row));
  }

  void look_up_commands(std::span<const std::string> ids) {
    for (auto row = db_->run(find_commands, array_of(ids)); row.next();)
      receipts_[command_id{std::string{row.text(0)}}] = detail::receipt_in(row);
  }

  void look_up_ids(std::span<const event_id> ids) {
    for (const auto& id : ids) known_.try_emplace(id);
    auto found = db_->run(verified_ ? find_events : find_events_without_body, array_of(ids));
    while (auto left = decode_.fetch_page(found, streams_of_page::several))
      for (; left > 0 && found.next(); --left) {
        const auto r = decode_(found);
        known_[r.id] = known_event{detail::without_body(r), record_decoder::checksum(found)};
      }
  }

  detail::known_streams::entry& entry_of(const stream_id& stream) {
    return streams_.at(stream, [&]() -> detail::known_streams::state {
      auto found = db_->run(find_streams, array_of(std::span{&stream.str(), 1}));
      return found.next() ? detail::stream_in(found) : detail::known_streams::state{};
    });
  }

  std::optional<std::int64_t> known_key(const std::string& type) {
    if (!types_.key_of(type)) look_up_types(std::array{type});
    return types_.key_of(type);
  }

  std::int64_t type_key(const std::string& type) {
    if (const auto known = known_key(type)) return *known;
    types_.add(++last_type_, type);
    new_types_.add(type);
    new_type_keys_.add(last_type_);
    has_new_types_ = true;
    return last_type_;
  }

  /// Writes what was kept.
  void flush() {
    if (streams_.changed().empty() && events_.empty()) return;
    array position, id, stream, type, revision, version, created, recorded, flags, data, meta, batch, checksum;
    for (const auto& r : events_) {
      position.add(r.position);
      id.add(r.id);
      stream.add(entry_of(r.stream).second.key);
      type.add(type_key(r.type));
      revision.add(r.revision);
      version.add(static_cast<std::int64_t>(r.schema_version));
      created.add(r.created);
      recorded.add(r.recorded);
      flags.add(static_cast<std::int64_t>(detail::flags_of(r)));
      data.add(r.data);
      r.meta.empty() ? meta.add_null() : meta.add(r.meta);
      r.batch.empty() ? batch.add_null() : batch.add(r.batch.str());
      checksum.add(static_cast<std::int64_t>(checksum_of(r)));
    }
    array new_key, new_name, new_revision, new_newest, old_key, old_revision, old_newest;
    for (const auto* entry : streams_.changed()) {
      const auto& [name, state] = *entry;
      (state.stored ? old_key : new_key).add(state.key);
      (state.stored ? old_revision : new_revision).add(state.revision);
      (state.stored ? old_newest : new_newest).add(state.newest);
      if (!state.stored) new_name.add(name.str());
    }
    db_->run(write_events, clamped(head_.value), clamped(recorded_.ticks()), streams_.last_key(), last_type_,
             new_type_keys_.take(), new_types_.take(), new_key.take(), new_name.take(), new_revision.take(),
             new_newest.take(), old_key.take(), old_revision.take(), old_newest.take(), position.take(), id.take(),
             stream.take(), type.take(), revision.take(), version.take(), created.take(), recorded.take(), flags.take(),
             data.take(), meta.take(), batch.take(), checksum.take(), channel_);
    wrote_ = true;
    streams_.written();
    events_.clear();
    kept_.clear();
    bytes_ = 0;
  }

  void flush_receipts() {
    if (forget_ != 0) db_->run(forget_commands, clamped(forget_before_.ticks()), std::exchange(forget_, 0));
    if (new_receipts_.empty()) return;
    array id, kept, first, last, revisions, answer;
    for (const auto& command : new_receipts_) {
      const auto& what = *receipts_.at(command);
      id.add(command.str());
      kept.add(what.kept);
      first.add(what.given.first);
      last.add(what.given.last);
      revisions.add(detail::json_of(what.given.revisions));
      what.given.answer.empty() ? answer.add_null() : answer.add(what.given.answer);
    }
    db_->run(write_commands, id.take(), kept.take(), first.take(), last.take(), revisions.take(), answer.take());
    new_receipts_.clear();
    wrote_ = true;
  }

  /// What makes `committed` true. Rows are written behind the lock of the head, so by one transaction at a time; those of a day
  /// ago are older than any doubt, which ends with a deadline.
  std::string count_commit() {
    const auto count = std::to_string(++commits_);
    return "INSERT INTO skald_sessions VALUES ('" + session_.str() + "', " + count +
           ", now()) ON CONFLICT (id) DO UPDATE SET commits = excluded.commits, newest = excluded.newest; " +
           (commits_ == 1 ? "DELETE FROM skald_sessions WHERE newest < now() - interval '1 day'; " : "");
  }

  void forget() noexcept {
    receipts_.clear();
    new_receipts_.clear();
    forget_ = 0;
    forget_before_ = {};
    decode_.forget_streams(); // names of what may never have been committed
    streams_.forget();
    events_.clear();
    kept_.clear();
    known_.clear();
    bytes_ = 0;
    kinds_.clear();
    relation_keys_ = {};
    relation_streams_ = {};
    new_types_ = {};
    new_type_keys_ = {};
  }

  /// Types that this transaction has added are gone with it.
  void types_of_others_only() noexcept {
    if (std::exchange(has_new_types_, false)) types_.clear();
  }

  std::unique_ptr<connection> db_;
  hybrid_clock& clock_;
  detail::head_tracker& heads_;
  bool verified_;
  std::string head_table_; // its oid
  std::string channel_;
  const event_id session_ = make_event_id();
  std::int64_t commits_ = 0; // of transactions that may append, the last one included
  record_decoder decode_;
  detail::known_types& types_ = decode_.types();

  // Of the transaction:
  position head_;
  timestamp recorded_; // the newest
  std::int64_t last_type_ = 0;
  bool appending_ = false;
  bool wrote_ = false; // something that has to be committed
  bool has_new_types_ = false;
  detail::known_streams streams_;
  std::unordered_map<event_id, std::optional<known_event>> known_;
  std::map<command_id, std::optional<kept_receipt>> receipts_;
  std::set<command_id> new_receipts_; // not written yet
  std::int64_t forget_ = 0; // so many, where they were kept before:
  timestamp forget_before_;
  std::vector<record> events_; // not written yet
  std::unordered_map<event_id, std::size_t> kept_; // their places
  std::size_t bytes_ = 0;
  array new_types_;
  array new_type_keys_;
  std::vector<relation_change::kind> kinds_;
  array relation_keys_;
  array relation_streams_;
};

/// What lies behind the lower bound, up to the higher one, which belongs to it.
#define SKALD_BETWEEN_BOUNDS                                                                                           \
  "(e.created, e.id) > ($2::bigint, $3::uuid) AND (e.created, e.id) <= ($4::bigint, $5::uuid) "

statement stream_page(const std::string& order) {
  return {"reading a stream",
          "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e "
          "WHERE e.stream = (SELECT key FROM skald_streams WHERE name = $1) AND " SKALD_BETWEEN_BOUNDS
          "AND " SKALD_OF_TYPES("$6") "ORDER BY e.created " +
            order + ", e.id " + order + " LIMIT $7"};
}

/// Merges the streams. The first few records of each tell a place that the page does not go beyond, and of each stream no
/// more is read than lies up to there: for pages of n records, besides them, 1 + n / 100 of each stream, and never more than
/// 100 n where they lie unevenly. That place stands instead of a bound, for of two bounds on one side an index goes by any.
statement streams_page(const std::string& order) {
  const bool forward = order == "ASC";
  const std::string first_few = " LIMIT 1 + $7 / 100 + $7 / (SELECT greatest(count(*), 1) FROM wanted)";
  const auto ordered = [&](const std::string& by) {
    return "ORDER BY " + by + ".created " + order + ", " + by + ".id " + order;
  };
  const auto first_of_each = [&](const std::string& between, const std::string& limit) {
    return "FROM wanted w CROSS JOIN LATERAL (SELECT e.position, e.created, e.id FROM skald_events e "
           "WHERE e.stream = w.key AND " +
           between + "AND " SKALD_OF_TYPES("$6") + ordered("e") + limit + ") f " + ordered("f");
  };
  const auto farthest_or = [](const std::string& created, const std::string& id) {
    return "(coalesce((SELECT created FROM farthest), " + created + "::bigint), coalesce((SELECT id FROM farthest), " +
           id + "::uuid)) ";
  };
  const auto near = "(e.created, e.id) > " + (forward ? "($2::bigint, $3::uuid) " : farthest_or("$2", "$3")) +
                    "AND (e.created, e.id) <= " + (forward ? farthest_or("$4", "$5") : "($4::bigint, $5::uuid) ");
  return {
    "reading streams",
    "WITH wanted AS MATERIALIZED (SELECT key FROM skald_streams WHERE name = ANY ($1) UNION "
    "SELECT r.stream FROM skald_relation_keys k JOIN skald_relations r ON r.key = k.key WHERE k.name = ANY ($8)), "
    "farthest AS MATERIALIZED (SELECT f.created, f.id " +
      first_of_each(SKALD_BETWEEN_BOUNDS, first_few) + " LIMIT 1 OFFSET " + (forward ? "greatest($7 - 1, 0)" : "$7") +
      "), page AS (SELECT f.* " + first_of_each(near, " LIMIT $7") +
      " LIMIT $7) SELECT " SKALD_EVENT_COLUMNS " FROM page JOIN skald_events e ON e.position = page.position " +
      ordered("e")};
}

statement all_page(const std::string& order) {
  return {"reading all events",
          "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e "
          "WHERE e.position > $1 AND e.position < $2 AND " SKALD_OF_TYPES("$3") "ORDER BY e.position " +
            order + " LIMIT $4"};
}

const std::array stream_pages{stream_page("ASC"), stream_page("DESC")};
const std::array streams_pages{streams_page("ASC"), streams_page("DESC")};
const std::array all_pages{all_page("ASC"), all_page("DESC")};
const statement find_event{"looking up an event", "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e WHERE e.id = $1"};
const statement find_status{
  "looking up an event",
  "SELECT EXISTS (SELECT FROM skald_events WHERE id = $1)::int, EXISTS (SELECT FROM skald_events "
  "WHERE stream = (SELECT key FROM skald_streams WHERE name = $2) AND created > $3 "
  "AND type = (SELECT key FROM skald_types WHERE name = $4))::int"};
const statement find_revision{"looking up a stream", "SELECT revision FROM skald_streams WHERE name = $1"};
const statement find_relation{
  "reading a relation", "SELECT k.revision, s.name FROM skald_relation_keys k "
                        "LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s ON s.key = r.stream "
                        "WHERE k.name = $1 ORDER BY s.name"};
/// A snapshot, and what its streams are like now.
statement snapshot_with(const std::string& basis) {
  return {"reading a snapshot",
          "SELECT f.fingerprint, f.created, f.id, f.records, f.relation_revision, f.checksum, f.state, "
          "b.records, b.behind, b.revision FROM skald_snapshots f LEFT JOIN LATERAL (" +
            basis + ") b ON true WHERE (f.of_relation, f.name, f.reducer) = ($1::boolean, $2, $3)"};
}
#define SKALD_RECORDS_BEHIND                                                                                           \
  "(SELECT count(*) FROM skald_events e WHERE e.stream = s.key AND (e.created, e.id) > (f.created, f.id))"
const statement find_snapshot_of_stream =
  snapshot_with("SELECT s.revision AS records, " SKALD_RECORDS_BEHIND " AS behind, 0 AS revision FROM skald_streams s "
                "WHERE s.name = f.name");
const statement find_snapshot_of_relation = snapshot_with(
  "SELECT sum(s.revision)::bigint AS records, sum(" SKALD_RECORDS_BEHIND ")::bigint AS behind, k.revision "
  "FROM skald_relation_keys k LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s ON s.key = "
  "r.stream "
  "WHERE k.name = f.name GROUP BY k.key");
const statement list_streams{"listing streams", "SELECT name, revision, newest FROM skald_streams "
                                                "WHERE name > $1 AND revision > 0 ORDER BY name LIMIT $2"};
const statement list_relations{"listing relations", "SELECT k.name, k.revision, count(*) FROM skald_relation_keys k "
                                                    "JOIN skald_relations r ON r.key = k.key WHERE k.name > $1 "
                                                    "GROUP BY k.key ORDER BY k.name LIMIT $2"};
const statement list_snapshots{"listing snapshots", "SELECT reducer, of_relation::int, name FROM skald_snapshots "
                                                    "WHERE (reducer, of_relation, name) > ($1, $2::boolean, $3) "
                                                    "ORDER BY reducer, of_relation, name LIMIT $4"};
const statement count_types{"counting event types",
                            "SELECT t.name, e.events FROM skald_types t "
                            "JOIN (SELECT type, count(*) AS events FROM skald_events GROUP BY type) e "
                            "ON e.type = t.key ORDER BY t.name"};
const statement find_relation_keys{"reading the relations of a stream",
                                   "SELECT k.name FROM skald_relations r JOIN skald_relation_keys k ON k.key = r.key "
                                   "WHERE r.stream = (SELECT key FROM skald_streams WHERE name = $1) ORDER BY k.name"};

/// Streams whose events are not all found.
const statement count_events{"counting the events of streams", R"sql(
SELECT s.name, s.revision, c.found FROM (
  SELECT key FROM skald_streams WHERE name = ANY ($1) UNION
  SELECT r.stream FROM skald_relation_keys k JOIN skald_relations r ON r.key = k.key WHERE k.name = ANY ($2)) w
JOIN skald_streams s ON s.key = w.key
CROSS JOIN LATERAL (SELECT count(*) AS found FROM skald_events e WHERE e.stream = s.key) c
WHERE c.found <> s.revision)sql"};
/// The next streams, which hold about so many events.
const statement next_streams{"verifying it", R"sql(
SELECT key, name, revision, newest FROM (
  SELECT key, name, revision, newest, sum(revision) OVER (ORDER BY key) - revision AS events
  FROM (SELECT * FROM skald_streams WHERE key > $1 ORDER BY key LIMIT 1000) next) counted
WHERE events < $2 ORDER BY key)sql"};
/// Sentences about what is wrong in the one row of the head.
constexpr const char* problems_of_head[] = {
  R"sql(SELECT format('skald_head says that the newest record is at position %s, it is at position %s', h.position, e.last)
FROM skald_head h, (SELECT coalesce(max(position), 0) AS last FROM skald_events) e WHERE h.position <> e.last)sql",
  R"sql(SELECT format('skald_head says that the last stream is %s, there is stream %s', h.last_stream, s.last)
FROM skald_head h, (SELECT max(key) AS last FROM skald_streams) s WHERE h.last_stream < s.last)sql",
  R"sql(SELECT format('skald_head says that the last event type is %s, there is event type %s', h.last_type, t.last)
FROM skald_head h, (SELECT max(key) AS last FROM skald_types) t WHERE h.last_type < t.last)sql",
  R"sql(SELECT format('skald_head has %s rows, not one', count(*)) FROM skald_head HAVING count(*) <> 1)sql",
};

/// Answers queries in a session of its own, one at a time. Each is one statement, and so of one moment.
class reader {
public:
  reader(std::unique_ptr<connection> db, bool verified)
    : db_{std::move(db)}, verified_{verified}, decode_{*db_, verified} {}

  [[nodiscard]] page read(const stream_query& query) {
    const auto low = low_of(query);
    const auto high = high_of(query);
    auto found = run_page(stream_pages, query, query.stream().str(), low, high);
    auto answer = fill(query, found);
    if (verified_ && detail::ended(query, answer)) check_complete(array_of(std::span{&query.stream().str(), 1}), "{}");
    return answer;
  }

  [[nodiscard]] page read(const streams_query& query) {
    array streams;
    array keys;
    for (const auto& stream : query.streams()) streams.add(stream.str());
    for (const auto& key : query.keys()) keys.add(key.str());
    const auto names = streams.take();
    const auto relations = keys.take();
    auto found = run_page(streams_pages, query, names, low_of(query), high_of(query), relations);
    auto answer = fill(query, found);
    if (verified_ && detail::ended(query, answer)) check_complete(names, relations);
    return answer;
  }

  [[nodiscard]] page read(const all_query& query) {
    const auto newest = verified_ ? head() : position{};
    const auto first = clamped(query.after().value_or(position{}).value);
    const auto last = clamped(query.before().value_or(detail::last_position).value);
    const auto& page = all_pages[detail::index_of(query.direction())];
    auto found = query.types() ? db_->run(page, first, last, array_of(*query.types()), rows_wanted(query))
                               : db_->run(page, first, last, nullptr, rows_wanted(query));
    auto answer = fill(query, found);
    if (verified_)
      if (const auto gap = detail::problem_of_gaps(query, answer, newest)) db_->corrupt(*gap);
    return answer;
  }

  [[nodiscard]] std::optional<record> find(const event_id& id) {
    auto found = db_->run(find_event, id.str());
    decode_.trim();
    decode_.fetch_page(found, streams_of_page::several);
    return found.next() ? std::optional{decode_(found)} : std::nullopt;
  }

  [[nodiscard]] rows status(const record& r) {
    return db_->run(find_status, r.id.str(), r.stream.str(), clamped(r.created.ticks()), r.type);
  }

  [[nodiscard]] position head() {
    auto found = db_->run(look_at_head);
    if (!found.next()) db_->corrupt("the table skald_head is empty");
    return position{detail::unsigned_at(found, 0)};
  }

  [[nodiscard]] rows revision_of(const stream_id& stream) { return db_->run(find_revision, stream.str()); }
  [[nodiscard]] rows related(const relation_key& key) { return db_->run(find_relation, key.str()); }
  [[nodiscard]] rows keys_of(const stream_id& stream) { return db_->run(find_relation_keys, stream.str()); }
  [[nodiscard]] rows snapshot_of(const snapshot_key& key) {
    return db_->run(key.stream() ? find_snapshot_of_stream : find_snapshot_of_relation, key.relation() != nullptr,
                    key.name(), key.reducer());
  }
  [[nodiscard]] rows streams(std::string_view after, std::size_t limit) {
    return db_->run(list_streams, std::string{after}, clamped(limit));
  }
  [[nodiscard]] rows relations(std::string_view after, std::size_t limit) {
    return db_->run(list_relations, std::string{after}, clamped(limit));
  }
  [[nodiscard]] rows snapshots(const snapshot_key& after, std::size_t limit) {
    return db_->run(list_snapshots, after.reducer(), after.relation() != nullptr, after.name(), clamped(limit));
  }

  [[nodiscard]] std::vector<type_summary> types() {
    std::vector<type_summary> all;
    for (auto row = db_->run(count_types); row.next();)
      all.push_back({std::string{row.text(0)}, detail::unsigned_at(row, 1)});
    return all;
  }

  void inspect(detail::inspector& found) {
    const moment now{*db_};
    decode_.types().clear(); // what is stored counts, not what is remembered
    decode_.forget_streams();
    detail::inspect(found, *this);
  }

  void go_on() { db_->run_text(verifying, "ROLLBACK TO SAVEPOINT begun"); }

  void each(const char* text, const auto& use) {
    for (auto row = db_->run_text(verifying, text); row.next();) use(row);
  }

  bool show_records(detail::inspector& found, std::int64_t& behind, std::int64_t limit) {
    auto row = db_->run(all_pages[0], behind, INT64_MAX, nullptr, limit);
    decode_.trim();
    const auto count = decode_.fetch_page(row, streams_of_page::several);
    for (auto left = count; left > 0 && row.next(); --left) {
      record r;
      const auto* problem = decode_.read_with_stream(row, r);
      found.show_record(r, record_decoder::checksum(row), problem);
      behind = row.integer(0);
    }
    return count > 0;
  }

  /// As many streams at once as the server can sort the events of in a moment.
  void show_streams(detail::inspector& found) {
    constexpr std::int64_t events_to_sort = 100'000;
    for (std::int64_t behind = INT64_MIN;;) {
      auto streams = db_->run(next_streams, behind, events_to_sort);
      auto last = behind;
      while (streams.next()) last = streams.integer(0);
      if (last == behind) return;
      streams.go_back_to(0);
      events_of_streams events{*db_, behind, last};
      detail::show_streams(found, streams, events);
      events.close();
      behind = last;
    }
  }

  void show_own(detail::inspector& found) {
    for (const auto* question : problems_of_head)
      each(question, [&](const rows& row) { found.note(std::string{row.text(0)}); });
  }

private:
  static constexpr const char* verifying = "verifying it";

  /// While it lives, all that is read is of one moment.
  class moment {
  public:
    explicit moment(connection& db) : db_{db} {
      db.run_text(verifying, "BEGIN ISOLATION LEVEL REPEATABLE READ; SAVEPOINT begun");
    }
    ~moment() {
      try {
        db_.run_text(verifying, "ROLLBACK");
      } catch (...) {
        return; // the connection is lost, and the transaction with it
      }
    }
    moment(const moment&) = delete;
    moment& operator=(const moment&) = delete;

  private:
    connection& db_;
  };

  /// Rows of stream, revision, position and `created`, in this order.
  class events_of_streams {
  public:
    events_of_streams(connection& db, std::int64_t behind, std::int64_t last)
      : db_{db},
        page_{db.run_text(verifying, "DECLARE skald_events_of NO SCROLL CURSOR FOR "
                                     "SELECT stream, revision, position, created FROM skald_events WHERE stream > " +
                                       std::to_string(behind) + " AND stream <= " + std::to_string(last) +
                                       " ORDER BY stream, revision, position")} {}
    void close() { db_.run_text(verifying, "CLOSE skald_events_of"); }

    bool next() {
      if (page_.next()) return true;
      page_ = db_.run_text(verifying, "FETCH 10000 FROM skald_events_of");
      return page_.next();
    }
    [[nodiscard]] std::int64_t integer(int column) const { return page_.integer(column); }

  private:
    connection& db_;
    rows page_;
  };

  /// Pages of streams are found by an index: where an entry is missing, its record would be, too.
  void check_complete(const std::string& streams, const std::string& keys) {
    for (auto row = db_->run(count_events, streams, keys); row.next();)
      db_->corrupt(detail::incomplete(row.text(0), row.integer(1), row.integer(2)));
  }

  /// A bound of a page of a stream, as PostgreSQL compares it.
  struct bound {
    std::int64_t created;
    std::string id;
  };

  static bound bound_at(const stream_cursor& cursor) {
    return {static_cast<std::int64_t>(cursor.created.ticks()), cursor.id.str()};
  }
  static bound behind_all() {
    event_id::bytes_type highest;
    highest.fill(0xff);
    return {INT64_MAX, event_id{highest}.str()};
  }

  /// A cursor from beyond the end of time lies behind all records.
  template <class Query>
  static bound low_of(const Query& query) {
    if (!query.after()) return {-1, event_id{}.str()};
    return query.after()->created > timestamp::max() ? behind_all() : bound_at(*query.after());
  }

  /// The last place before `query.before()`.
  template <class Query>
  static bound high_of(const Query& query) {
    if (!query.before() || query.before()->created > timestamp::max()) return behind_all();
    auto bytes = query.before()->id.bytes();
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte)
      if ((*byte)-- != 0) return {static_cast<std::int64_t>(query.before()->created.ticks()), event_id{bytes}.str()};
    return {static_cast<std::int64_t>(query.before()->created.ticks()) - 1, event_id{bytes}.str()};
  }

  template <class Query, class... Values>
  rows run_page(const std::array<statement, 2>& pages, const Query& query, const std::string& streams, const bound& low,
                const bound& high, const Values&... further) {
    const auto& page = pages[detail::index_of(query.direction())];
    if (!query.types())
      return db_->run(page, streams, low.created, low.id, high.created, high.id, nullptr, rows_wanted(query),
                      further...);
    return db_->run(page, streams, low.created, low.id, high.created, high.id, array_of(*query.types()),
                    rows_wanted(query), further...);
  }

  /// One more than the page holds tells that there is more.
  template <class Query>
  static std::int64_t rows_wanted(const Query& query) {
    return static_cast<std::int64_t>(std::min(query.limit().value_or(SIZE_MAX), limits::page_records + 1));
  }

  template <class Query>
  page fill(const Query& query, rows& found) {
    decode_.trim();
    decode_.fetch_page(found, std::is_same_v<Query, stream_query> ? streams_of_page::one : streams_of_page::several);
    return decode_.fill(query, found);
  }

  std::unique_ptr<connection> db_;
  bool verified_;
  record_decoder decode_;
};

/// How long a server that is gone is waited for, from the first time that somebody asks.
class patience {
public:
  explicit patience(std::chrono::milliseconds deadline) : deadline_{deadline} {}

  /// Waits a moment, the first time none. False when it has waited long enough.
  [[nodiscard]] bool wait() {
    const auto now = steady::now();
    if (!end_) end_ = now + deadline_;
    if (now + pause_ >= *end_) return false;
    std::this_thread::sleep_for(pause_);
    pause_ = std::clamp(2 * pause_, shortest_pause, longest_pause);
    return true;
  }

private:
  std::chrono::milliseconds deadline_;
  std::optional<steady::time_point> end_;
  std::chrono::milliseconds pause_{0};
};

class postgres_store final : public detail::database_store<postgres_store> {
public:
  postgres_store(postgres_url to, const store_options& options)
    : database_store{options}, to_{std::move(to)}, kept_{options.durability}, verified_{options.verify_reads},
      dog_{to_.deadline}, readers_{most_readers, [this] {
                                     auto db = open_session(to_, errc::read_failed, dog_, kept_);
                                     db->run_text("setting up a reader", "SET default_transaction_read_only = on");
                                     return std::make_unique<reader>(std::move(db), verified_);
                                   }} {
    auto db = open_session(to_, errc::open_failed, dog_, kept_);
    const auto found = identify(*db, to_.schema);
    if (found == 0 && !options.create)
      db->fail("opening it", "there are no tables in its schema",
               "see whether the name is right; it has to be made first");
    if (found != schema_version) migrate(*db, to_.schema);
    writer_.emplace(std::move(db), clock(), heads_, verified_);
    (void)heads_.take(); // what was there before
    writer_->set_trouble(errc::insertion_failed);
  }

private:
  friend database_store;

  /// Does not wait for a server that is gone, as appends may be behind it: until the server has been gone for its deadline,
  /// nothing was heard.
  std::optional<position> take_appended_elsewhere() {
    const std::lock_guard lock{mutex_};
    const auto now = steady::now();
    for (bool again = writer_.has_value();; again = false) {
      try {
        auto& from = session(); // a new one looks by itself
        from.hear();
        // Notifications are hints: what one of them should have told is found all the same.
        if (now >= next_look_) {
          next_look_ = now + to_.deadline / 6;
          heads_.seen(from.look());
        }
        deaf_since_.reset();
        return heads_.take();
      } catch (const lost_connection&) {
        writer_.reset();
        if (again) continue;
        if (!deaf_since_) deaf_since_ = now;
        if (steady::now() - *deaf_since_ >= to_.deadline) throw;
        return heads_.take();
      }
    }
  }

  /// Runs `work` in one transaction, which is undone where it answers an error or throws. Where the connection is lost,
  /// `work` is run again in another one, unless the first one turns out to have been committed. What is written of projections
  /// or snapshots may be written twice.
  template <class Work>
  auto change(kind what, const Work& work) -> decltype(work(std::declval<writer&>())) {
    struct unheard {
      writer::trace trace;
      decltype(work(std::declval<writer&>())) answer;
    };
    const std::lock_guard lock{mutex_};
    patience waiting{to_.deadline};
    std::optional<unheard> in_doubt; // a transaction whose commit was not answered
    for (;;) {
      try {
        auto& to = session();
        what == kind::of_projections ? to.begin() : to.begin_appending(what == kind::of_snapshots);
        if (in_doubt && what == kind::of_events && to.committed(in_doubt->trace)) {
          to.undo();
          return std::move(in_doubt->answer);
        }
        if (what == kind::of_events) in_doubt.reset();
        auto answer = work(to);
        if (!answer) {
          to.undo();
          return answer;
        }
        try {
          to.commit();
        } catch (const lost_connection& why) {
          if (why.error().outcome == outcome::unknown) in_doubt.emplace(to.last_trace(), std::move(answer));
          throw;
        }
        return answer;
      } catch (const lost_connection& why) {
        writer_.reset();
        if (!waiting.wait()) return told(why.error(), in_doubt.has_value());
      } catch (const failure& why) {
        undo();
        if (!in_doubt || !waiting.wait()) return told(why.error(), in_doubt.has_value());
      } catch (...) {
        undo();
        throw;
      }
    }
  }

  /// Does nothing where there was no session to begin a transaction in.
  void undo() noexcept {
    if (writer_) writer_->undo();
  }

  static error told(error why, bool in_doubt) {
    if (!in_doubt) {
      why.outcome = outcome::not_written;
      return why;
    }
    why.outcome = outcome::unknown;
    why.message += "; whether it was written before that is not known: repeat it with the same event ids";
    return why;
  }

  writer& session() {
    if (!writer_) writer_.emplace(open_session(to_, errc::insertion_failed, dog_, kept_), clock(), heads_, verified_);
    return *writer_;
  }

  /// Asks a reader, and again another one where the connection is lost.
  template <class Use>
  auto ask(const Use& use) const -> result<decltype(use(std::declval<reader&>()))> {
    for (patience waiting{to_.deadline};;) {
      try {
        return readers_.with(use);
      } catch (const lost_connection& why) {
        readers_.clear(); // the others are most probably lost, too
        if (!waiting.wait()) return why.error();
      } catch (const failure& why) {
        return why.error();
      }
    }
  }

  const postgres_url to_;
  const durability kept_;
  const bool verified_;
  mutable watchdog dog_;
  std::mutex mutex_;
  detail::head_tracker heads_;
  steady::time_point next_look_{};
  std::optional<steady::time_point> deaf_since_; // when the first look began of those that found no server
  std::optional<writer> writer_; // none after the connection was lost
  mutable detail::reader_pool<reader> readers_;
};

} // namespace

result<std::unique_ptr<event_store>> open_postgres_store(const std::string& url, store_options options) {
  auto to = postgres_url::parse(url);
  if (!to) return to.error();
  try {
    return std::unique_ptr<event_store>{std::make_unique<postgres_store>(std::move(*to), options)};
  } catch (const failure& why) {
    return why.error();
  }
}

} // namespace skald
