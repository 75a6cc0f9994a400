#include "plain_postgres.hpp"
#include <skald/store/checksum.hpp>
#include <skald/store/record.hpp>
#include <skald/store/timestamp.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <unordered_map>
#include <vector>

namespace bench {

namespace {

struct clearer {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};

/// What a statement has answered.
class answer {
public:
  answer(PGconn* db, PGresult* of) : of_{of} {
    const auto status = PQresultStatus(of);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error{PQerrorMessage(db)};
  }
  [[nodiscard]] int rows() const { return PQntuples(of_.get()); }
  [[nodiscard]] int columns() const { return PQnfields(of_.get()); }
  [[nodiscard]] std::string_view text(int row, int column) const {
    return {PQgetvalue(of_.get(), row, column), static_cast<std::size_t>(PQgetlength(of_.get(), row, column))};
  }
  [[nodiscard]] std::int64_t number(int row, int column) const {
    const auto digits = text(row, column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }

private:
  std::unique_ptr<PGresult, clearer> of_;
};

/// A parameter: an array as text. Its memory is used again.
class column {
public:
  void clear() { text_ = "{"; }
  void add(std::int64_t value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    comma().append(digits.data(), end);
  }
  void add_plain(std::string_view text) { comma() += text; }
  void add_quoted(std::string_view text) {
    auto& out = comma();
    out += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  [[nodiscard]] const char* close() { return (text_ += '}').c_str(); }

private:
  std::string& comma() {
    if (text_.size() > 1) text_ += ',';
    return text_;
  }

  std::string text_;
};

/// What skald reads of an event.
#define SKALD_BENCH_EVENT_COLUMNS                                                                                      \
  "e.position, e.id, e.type, e.revision, e.schema_version, e.created, e.recorded, e.flags, e.data, e.meta, e.batch, "  \
  "e.checksum"

/// Looks at every column of every row.
std::size_t touch(const answer& rows) {
  std::size_t bytes = 0;
  for (int row = 0; row < rows.rows(); ++row)
    for (int column = 0; column < rows.columns(); ++column) bytes += rows.text(row, column).size();
  return bytes;
}

struct stream_state {
  std::int64_t key = 0;
  std::int64_t revision = 0;
  std::int64_t newest = 0;
  bool stored = false;
};

} // namespace

struct plain_postgres::session {
  explicit session(const std::string& conninfo) : db{PQconnectdb(conninfo.c_str())} {
    if (PQstatus(db) != CONNECTION_OK) throw std::runtime_error{PQerrorMessage(db)};
  }
  ~session() { PQfinish(db); }
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  answer run(const char* text) { return {db, PQexec(db, text)}; }
  void prepare(const char* name, const char* text) { (void)answer{db, PQprepare(db, name, text, 0, nullptr)}; }
  template <std::size_t N>
  answer run_prepared(const char* name, const std::array<const char*, N>& values) {
    return {db, PQexecPrepared(db, name, static_cast<int>(N), values.data(), nullptr, nullptr, 0)};
  }

  PGconn* db;
  std::string channel;
  std::string begin; // a transaction, with the head
  std::unordered_map<std::string_view, stream_state> streams;
  column names, new_key, new_name, new_revision, new_newest, old_key, old_revision, old_newest;
  column position, id, stream, type, revision, version, created, recorded, flags, data, meta, batch, checksum;
};

plain_postgres::plain_postgres(const std::string& conninfo, const std::string& schema)
  : session_{std::make_unique<session>(conninfo)} {
  auto& s = *session_;
  s.run(("SET search_path = " + schema +
         "; SET statement_timeout = '22s'; SET lock_timeout = '5s'; SET client_encoding = 'UTF8'; "
         "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
         "SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off; "
         "SELECT set_config('synchronous_commit', 'on', false)")
          .c_str());
  s.run("INSERT INTO skald_types VALUES (1, 'user:renamed') ON CONFLICT DO NOTHING; "
        "UPDATE skald_head SET last_type = greatest(last_type, 1)");
  const std::string head_table{s.run("SELECT 'skald_head'::regclass::oid").text(0, 0)};
  s.channel = "skald_" + head_table;
  s.begin = "BEGIN; SELECT pg_advisory_xact_lock(1936419941, " + head_table +
            "::oid::integer); SELECT position, recorded, last_stream, last_type FROM skald_head FOR UPDATE";
  s.prepare("streams", "SELECT key, name, revision, newest FROM skald_streams WHERE name = ANY ($1)");
  s.prepare("stream", "SELECT " SKALD_BENCH_EVENT_COLUMNS " FROM skald_events e WHERE e.stream = "
                      "(SELECT key FROM skald_streams WHERE name = $1) ORDER BY e.created, e.id");
  s.prepare("write", R"sql(
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
SELECT pg_notify($27, $1::text))sql");
}

plain_postgres::~plain_postgres() = default;

std::size_t plain_postgres::scan() {
  auto& s = *session_;
  s.run("BEGIN; DECLARE everything NO SCROLL CURSOR FOR SELECT " SKALD_BENCH_EVENT_COLUMNS
        ", s.name FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream ORDER BY e.position");
  std::size_t count = 0;
  for (;;) {
    const auto page = s.run("FETCH 1000 FROM everything");
    if (page.rows() == 0) break;
    (void)touch(page);
    count += static_cast<std::size_t>(page.rows());
  }
  s.run("COMMIT");
  return count;
}

std::size_t plain_postgres::scan_stream(const skald::stream_id& stream) {
  const auto rows = session_->run_prepared("stream", std::array{stream.str().c_str()});
  (void)touch(rows);
  return static_cast<std::size_t>(rows.rows());
}

void plain_postgres::append(std::span<const skald::stream_id* const> streams, std::string_view data) {
  auto& s = *session_;
  const auto head = s.run(s.begin.c_str());
  auto position = head.number(0, 0);
  const auto now = static_cast<std::int64_t>(skald::timestamp{skald::system_wall_clock(), 0}.ticks());
  auto time = std::max(now, head.number(0, 1));
  auto last_stream = head.number(0, 2);

  s.streams.clear();
  s.names.clear();
  for (const auto* stream : streams)
    if (s.streams.try_emplace(stream->str()).second) s.names.add_quoted(stream->str());
  const auto found = s.run_prepared("streams", std::array{s.names.close()});
  for (int i = 0; i < found.rows(); ++i)
    s.streams.at(found.text(i, 1)) = {found.number(i, 0), found.number(i, 2), found.number(i, 3), true};

  for (auto* c : {&s.new_key,  &s.new_name, &s.new_revision, &s.new_newest, &s.old_key,  &s.old_revision, &s.old_newest,
                  &s.position, &s.id,       &s.stream,       &s.type,       &s.revision, &s.version,      &s.created,
                  &s.recorded, &s.flags,    &s.data,         &s.meta,       &s.batch,    &s.checksum})
    c->clear();
  skald::record r;
  r.type = "user:renamed";
  r.data = data;
  for (const auto* stream : streams) {
    auto& state = s.streams.at(stream->str());
    if (state.key == 0) state.key = ++last_stream;
    ++state.revision;
    state.newest = std::max(++time, state.newest + 1);
    r.position = skald::position{static_cast<std::uint64_t>(++position)};
    r.id = skald::make_event_id();
    r.stream = *stream;
    r.revision = skald::revision{static_cast<std::uint64_t>(state.revision)};
    r.created = skald::timestamp{static_cast<std::uint64_t>(state.newest)};
    r.recorded = skald::timestamp{static_cast<std::uint64_t>(time)};
    s.position.add(position);
    s.id.add_plain(r.id.str());
    s.stream.add(state.key);
    s.type.add(1);
    s.revision.add(state.revision);
    s.version.add(1);
    s.created.add(state.newest);
    s.recorded.add(time);
    s.flags.add(0);
    s.data.add_quoted(data);
    s.meta.add_plain("NULL");
    s.batch.add_plain("NULL");
    s.checksum.add(static_cast<std::int64_t>(skald::checksum_of(r)));
  }
  for (const auto& [name, state] : s.streams) {
    (state.stored ? s.old_key : s.new_key).add(state.key);
    (state.stored ? s.old_revision : s.new_revision).add(state.revision);
    (state.stored ? s.old_newest : s.new_newest).add(state.newest);
    if (!state.stored) s.new_name.add_quoted(name);
  }
  const auto newest = std::to_string(position);
  const auto newest_time = std::to_string(time);
  const auto newest_stream = std::to_string(last_stream);
  s.run_prepared("write", std::array{newest.c_str(),
                                     newest_time.c_str(),
                                     newest_stream.c_str(),
                                     "1",
                                     "{}",
                                     "{}",
                                     s.new_key.close(),
                                     s.new_name.close(),
                                     s.new_revision.close(),
                                     s.new_newest.close(),
                                     s.old_key.close(),
                                     s.old_revision.close(),
                                     s.old_newest.close(),
                                     s.position.close(),
                                     s.id.close(),
                                     s.stream.close(),
                                     s.type.close(),
                                     s.revision.close(),
                                     s.version.close(),
                                     s.created.close(),
                                     s.recorded.close(),
                                     s.flags.close(),
                                     s.data.close(),
                                     s.meta.close(),
                                     s.batch.close(),
                                     s.checksum.close(),
                                     s.channel.c_str()});
  const auto count = std::to_string(++commits_);
  s.run(("INSERT INTO skald_sessions VALUES ('" + id_ + "', " + count +
         ", now()) ON CONFLICT (id) DO UPDATE SET commits = excluded.commits, newest = excluded.newest; COMMIT")
          .c_str());
}

} // namespace bench
