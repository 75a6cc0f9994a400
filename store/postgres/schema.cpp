#include <skald/store/postgres/schema.hpp>

#include <skald/store/database/schema_version.hpp>
#include <skald/store/postgres/identity_table.hpp>
#include <skald/store/postgres/migrations.hpp>
#include <skald/store/postgres/queries.hpp>

#include <algorithm>
#include <cstddef>
#include <string>

namespace skald::detail::postgres {

namespace {

constexpr std::chrono::milliseconds longest_wait_for_others{5000};

constexpr std::int64_t first_with_checked_receipts = 4;

std::int64_t newest_version() { return static_cast<std::int64_t>(migrations().size()); }

/// Sets up a session. All statements must use an index and its order, however small the planner believes a table to
/// be. So the planner plans each of them once, whatever the values.
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

/// Asks the catalog itself: the session's own view of it may be older than the lock that it has waited for.
const statement find_schema{
  "identifying it",
  "SELECT quote_ident($1), EXISTS (SELECT FROM pg_namespace WHERE nspname = $1), EXISTS (SELECT FROM pg_class c "
  "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'skald_schema')"};
const statement lock_schema{"waiting for its turn to create the tables",
                            "SELECT pg_advisory_xact_lock(1936419940, hashtext($1))"}; // "skld"

const statement set_checksums_of_receipts{
  "adding checksums", "UPDATE skald_commands c SET checksum = u.checksum "
                      "FROM unnest($1::text[], $2::bigint[]) AS u (id, checksum) WHERE c.id = u.id"};

/// The version of the schema, 0 if there is none. Fails for a schema that is not skald's.
std::int64_t identify(connection& db, const std::string& schema) {
  auto place = db.run(find_schema, schema);
  place.next();
  if (!place.boolean(2)) return 0;
  auto found = db.run_text("identifying it", "SELECT version FROM " + std::string{place.text(0)} + ".skald_schema");
  const auto version = found.next() ? found.integer(0) : 0;
  check_version(db, version, newest_version());
  return version;
}

/// Vouches for the receipts that are older than their checksums, but for those that cannot have been written.
void add_checksums_to_receipts(connection& db) {
  std::string last;
  for (bool more = true; more;) {
    more = false;
    array ids, checksums;
    for (auto row = db.run(next_receipts, last); row.next(); more = true) {
      last = row.text(0);
      const auto command = command_id::parse(last);
      const auto known = unchecked_receipt(row, 1);
      if (!command || !known.intact) continue;
      ids.add(last);
      checksums.add(static_cast<std::int64_t>(checksum_of(*command, known.given, known.kept)));
    }
    db.run(set_checksums_of_receipts, ids.take(), checksums.take());
  }
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
  if (version < first_with_checked_receipts) add_checksums_to_receipts(db);
  db.run_text(purpose, "UPDATE skald_schema SET version = " + std::to_string(newest_version()));
  db.run_text(purpose, "COMMIT");
}

} // namespace

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

std::unique_ptr<connection> open_for_writing(const postgres_url& to, const store_options& options, watchdog& dog) {
  auto db = open_session(to, errc::open_failed, dog, options.durability);
  const auto found = identify(*db, to.schema);
  if (found == 0 && !options.create)
    db->fail("opening it", "there are no tables in its schema",
             "see whether the name is right; it has to be made first");
  if (found != newest_version()) migrate(*db, to.schema);
  identity_table{*db}.complete();
  return db;
}

std::unique_ptr<connection> open_for_reading(const postgres_url& to, watchdog& dog, durability kept) {
  auto db = open_session(to, errc::read_failed, dog, kept);
  db->run_text("setting up a reader", "SET default_transaction_read_only = on");
  return db;
}

} // namespace skald::detail::postgres
