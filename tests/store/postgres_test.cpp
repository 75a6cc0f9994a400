#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>
#include <tests/store/page_costs.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace {

using store_pointer = std::unique_ptr<event_store>;

store_pointer open(const std::string& url, manual_clock clock = {}, durability kept = durability::full) {
  store_options options;
  options.wall = clock;
  options.durability = kept;
  return must(open_postgres_store(url, options));
}

bool says(const error& why, std::string_view part) { return why.message.find(part) != std::string::npos; }

/// Lets `use` work with a store whose sessions may sort only a little, and nothing on disk.
template <class Use>
void with_little_memory(const postgres_schema& schema, Use use) {
  use(*open(
    schema.url("&application_name=" + schema.name() + "&options=-c%20work_mem%3D1MB%20-c%20temp_file_limit%3D0")));
  // A session has told what it counted when it is gone.
  while (schema.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + schema.name() + "'") != "0") {
  }
}

/// How many entries of the indexes of events `use` looks at.
template <class Use>
std::uint64_t entries_read(const postgres_schema& schema, Use use) {
  const auto counted = [&](const std::string& what) {
    return std::stoull(schema.sql("SELECT coalesce(sum(" + what +
                                  "), 0) FROM pg_stat_user_tables t "
                                  "JOIN pg_stat_user_indexes i USING (relid) "
                                  "WHERE t.relname = 'skald_events' AND t.schemaname = '" +
                                  schema.name() + "'"));
  };
  const auto before = counted("i.idx_tup_read");
  with_little_memory(schema, use);
  CHECK(counted("t.seq_tup_read") == 0);
  return counted("i.idx_tup_read") - before;
}

} // namespace

TEST_CASE("postgres: a server, user or database that is not there is told, and no password") {
  const postgres_schema schema;
  const auto host = "?host=" + shared_postgres().string();
  struct row {
    const char* name;
    std::string url;
    const char* says;
    errc code = errc::open_failed;
  };
  const row rows[] = {
    {"no such socket", "postgresql://guarded:hunter2@/postgres?host=/none", "/none/.s.PGSQL.5432"},
    {"nobody listens", "postgresql://guarded:hunter2@127.0.0.1:1/postgres", "127.0.0.1"},
    {"no such host", "postgresql://guarded:hunter2@" + std::string(70, 'x') + "/postgres", "host name"},
    {"a wrong password", "postgresql://guarded:hunter2@/postgres" + host, "password authentication failed"},
    {"no password", "postgresql://guarded@/postgres" + host, "no password supplied"},
    {"no such user", "postgresql://hunter3:hunter2@/postgres" + host, "role \"hunter3\" does not exist"},
    {"no such database", "postgresql://skald:hunter2@/none" + host, "database \"none\" does not exist"},
    {"what libpq does not know", "postgresql://skald:hunter2@/none" + host + "&colour=red",
     "invalid URI query parameter: \"colour\"", errc::invalid_argument},
    {"a wrong value", "postgresql://skald:hunter2@/none" + host + "&sslmode=no", "invalid sslmode value: \"no\"",
     errc::invalid_argument},
    {"no port", "postgresql://skald:hunter2@h:80x/none", "its port '80x' is no number", errc::invalid_argument},
    {"a wrong percent", "postgresql://skald:hunter2%zz@/none" + host, "percent", errc::invalid_argument},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto opened = open_postgres_store(row.url);
    REQUIRE_FALSE(opened);
    const auto& why = opened.error();
    CHECK(why.code == row.code);
    CHECK(says(why, "see that the server runs there") == (row.code == errc::open_failed));
    CHECK_MESSAGE(why.message.find_first_of("\n\t") == std::string::npos, why.message);
    CHECK_MESSAGE(says(why, row.says), why.message);
    CHECK_MESSAGE(!says(why, "hunter2"), why.message);
  }
  CHECK(code_of(open_postgres_store("postgresql://skald@/d?schema=pg_catalog")) == errc::invalid_argument);
  const auto& right = "postgresql://guarded:open%20sesame@/postgres" + host + "&schema=" + schema.name();
  schema.sql("CREATE SCHEMA " + schema.name() + " AUTHORIZATION guarded");
  must(open(right)->append(request("a", no_stream, some_events(1, 1))));
}

TEST_CASE("postgres: a user who may not do what is needed is told so") {
  const postgres_schema schema;
  const auto url =
    "postgresql://guarded:open%20sesame@/postgres?host=" + shared_postgres().string() + "&schema=" + schema.name();
  const auto refused = [&] {
    const auto opened = open_postgres_store(url);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::open_failed);
    CHECK_MESSAGE(says(opened.error(), "permission denied"), opened.error().message);
    CHECK_MESSAGE(says(opened.error(), "grant this user what it needs"), opened.error().message);
  };
  refused(); // to create the schema
  const auto store = open(schema.url());
  refused(); // to look into it
  schema.sql("GRANT USAGE ON SCHEMA " + schema.name() + " TO guarded; GRANT SELECT ON ALL TABLES IN SCHEMA " +
             schema.name() + " TO guarded");
  const auto reading = open(url);
  CHECK(must(reading->head()) == position{});
  const auto written = reading->append(request("a", no_stream, some_events(1, 1)));
  REQUIRE(code_of(written) == errc::insertion_failed);
  CHECK(written.error().outcome == outcome::not_written);
  CHECK_MESSAGE(says(written.error(), "grant this user what it needs"), written.error().message);
}

TEST_CASE("postgres: a schema of the future is refused, and left as it is") {
  const postgres_schema schema;
  must(open(schema.url())->append(request("a", no_stream, some_events(1, 1))));
  for (const auto* version : {"1000", "-1", "0"}) {
    CAPTURE(version);
    schema.sql(std::string{"UPDATE skald_schema SET version = "} + version);
    const auto opened = open_postgres_store(schema.url());
    REQUIRE(code_of(opened) == errc::open_failed);
    CHECK_MESSAGE(says(opened.error(), std::string{"version "} + version), opened.error().message);
    CHECK_MESSAGE(says(opened.error(), schema.name()), opened.error().message);
    CHECK(says(opened.error(), "open it with a newer skald") == (std::string{version} == "1000"));
    CHECK(schema.sql("SELECT version FROM skald_schema") == version);
  }
}

TEST_CASE("postgres: tables of others in the schema stay, and those in the way of ours are told") {
  const postgres_schema schema;
  schema.sql("CREATE SCHEMA " + schema.name());
  schema.sql("CREATE TABLE mine (x int); INSERT INTO mine VALUES (7)");
  SUBCASE("beside ours") {
    must(open(schema.url())->append(request("a", no_stream, some_events(1, 1))));
    CHECK(schema.sql("SELECT x FROM mine") == "7");
  }
  SUBCASE("in the way") {
    schema.sql("CREATE TABLE skald_events (x int)");
    const auto opened = open_postgres_store(schema.url());
    REQUIRE(code_of(opened) == errc::open_failed);
    CHECK_MESSAGE(says(opened.error(), "skald_events"), opened.error().message);
    CHECK(schema.sql("SELECT to_regclass('skald_head') IS NULL").starts_with("t"));
  }
}

TEST_CASE("postgres: nodes that start at the same time create the tables once") {
  const postgres_schema schema;
  std::vector<std::thread> nodes;
  std::array<result<position>, 8> heads;
  for (auto& head : heads)
    nodes.emplace_back([&schema, &head] {
      auto opened = open_postgres_store(schema.url());
      head = opened ? (*opened)->head() : result<position>{opened.error()};
    });
  for (auto& node : nodes) node.join();
  for (const auto& head : heads) CHECK(must(head) == position{});
  CHECK(schema.sql("SELECT count(*) FROM skald_schema") == "1");
}

TEST_CASE("postgres: the name of a schema is a name, whatever its characters") {
  const auto host = "postgresql://skald@/postgres?host=" + shared_postgres().string() + "&schema=";
  const auto here = std::to_string(::getpid());
  for (const auto* name : {"A b", "\"; DROP TABLE x; --", "größe'", "a.b"}) {
    CAPTURE(name);
    std::string url = host;
    for (const auto* c = name; *c; ++c) {
      constexpr const char* digits = "0123456789abcdef";
      url += {'%', digits[static_cast<unsigned char>(*c) >> 4], digits[static_cast<unsigned char>(*c) & 15]};
    }
    url += here;
    {
      const auto store = open(url);
      must(store->append(request("a", no_stream, some_events(1, 3))));
      CHECK(must(store->find(id(3))));
      CHECK(must(store->read(stream_query{stream("a")})).records.size() == 3);
    }
    CHECK(read_all(*open(url)).size() == 3);
    run_postgres_sql(shared_postgres(),
                     "DO $$ BEGIN EXECUTE format('DROP SCHEMA %I CASCADE', $n$" + (name + here) + "$n$); END $$");
  }
}

TEST_CASE("postgres: a database in another encoding is refused") {
  const auto name = "latin_" + std::to_string(::getpid());
  run_postgres_sql(shared_postgres(), "CREATE DATABASE " + name + " ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  const auto opened = open_postgres_store("postgresql://skald@/" + name + "?host=" + shared_postgres().string());
  run_postgres_sql(shared_postgres(), "DROP DATABASE " + name);
  REQUIRE(code_of(opened) == errc::open_failed);
  CHECK_MESSAGE(says(opened.error(), "ENCODING 'UTF8'"), opened.error().message);
}

TEST_CASE("postgres: what is stored can be read with SQL") {
  const postgres_schema schema;
  const manual_clock clock;
  const auto store = open(schema.url(), clock);
  auto second = an_event(2, "fine:paid", at(5));
  second.meta = R"({"by":"me"})";
  must(store->append(request("fine-1", no_stream, {an_event(1), second})));
  const auto seen = [&](const char* what) {
    return run_postgres_sql(shared_postgres(), "SELECT " + std::string{what} + " FROM " + schema.name() +
                                                 ".skald_events_v1 ORDER BY position DESC LIMIT 1");
  };
  CHECK(seen("position") == "2");
  CHECK(seen("stream") == "fine-1");
  CHECK(seen("revision") == "2");
  CHECK(seen("id") == id(2).str());
  CHECK(seen("type") == "fine:paid");
  CHECK(seen("data::jsonb ->> 'n'") == "2");
  CHECK(seen("meta::jsonb ->> 'by'") == "me");
  CHECK(seen("extract(epoch FROM recorded)::bigint") == std::to_string(clock.time().time_since_epoch().count() / 1000));
  CHECK(seen("flags").empty());
}

TEST_CASE("postgres: relaxed durability does not wait for the disk, full does, whatever the server's default") {
  const postgres_schema schema;
  const auto role = "lax_" + std::to_string(::getpid());
  must(open(schema.url())->append(request("a", any, {an_event(1)})));
  // Every row tells how the transaction was committed that wrote it.
  schema.sql("ALTER TABLE skald_streams ADD mode text DEFAULT current_setting('synchronous_commit')");
  schema.sql("CREATE ROLE " + role + " LOGIN SUPERUSER; ALTER ROLE " + role + " SET synchronous_commit = off");
  struct row {
    const char* stream;
    const char* user;
    durability kept;
    const char* mode;
  };
  for (const auto& row :
       {row{"full", "skald", durability::full, "on"}, row{"raised", role.c_str(), durability::full, "on"},
        row{"relaxed", "skald", durability::relaxed, "off"}}) {
    CAPTURE(row.stream);
    auto url = schema.url();
    url.replace(url.find("skald@"), 5, row.user);
    must(open(url, {}, row.kept)->append(request(row.stream, no_stream, {{"thing:happened", "1"}})));
    CHECK(schema.sql(std::string{"SELECT mode FROM skald_streams WHERE name = '"} + row.stream + "'") == row.mode);
  }
  schema.sql("DROP ROLE " + role);
}

TEST_CASE("postgres: a head that is gone is called corrupt") {
  const postgres_schema schema;
  const auto store = open(schema.url());
  must(store->append(request("a", no_stream, some_events(1, 3))));
  schema.sql("DELETE FROM skald_head");
  CHECK(code_of(store->append(request("a", any, {an_event(4)}))) == errc::corrupt);
  CHECK(code_of(store->head()) == errc::corrupt);
}

TEST_CASE("postgres: tables that are gone are told") {
  const postgres_schema schema;
  const auto store = open(schema.url());
  schema.sql("DROP SCHEMA " + schema.name() + " CASCADE");
  const auto written = store->append(request("a", any, {an_event(1)}));
  CHECK(code_of(written) == errc::insertion_failed);
  CHECK_MESSAGE(says(written.error(), "its tables are gone"), written.error().message);
  CHECK(code_of(store->head()) == errc::read_failed);
}

TEST_CASE("postgres: large events are read as small ones are") {
  fixture store{kind_of<postgres>};
  std::vector<new_event> made;
  for (std::uint64_t i = 0; i < 40; ++i) {
    auto& e = made.emplace_back(an_event(i + 1));
    if (i % 3 == 1) e.data = '"' + std::string(i * 5000, static_cast<char>('a' + i % 26)) + '"';
    if (i % 7 == 2) e.meta = '"' + std::string(20'000, 'm') + '"';
  }
  must(store->append(request("a", no_stream, made)));
  const auto compare = [&](const std::vector<record>& read) {
    REQUIRE(read.size() == made.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      REQUIRE(read[i].id == made[i].id);
      REQUIRE((read[i].data == made[i].data));
      REQUIRE((read[i].meta == made[i].meta));
    }
  };
  compare(read_all(*store));
  compare(read_stream(*store, "a"));
  compare(read_all(*store, streams_query{std::vector{stream("a")}}));
  CHECK((must(store->find(id(38)))->data == made[37].data));
  CHECK(must(store->append(request("a", no_stream, made))).first == position{1}); // known ones, bodies and all
}

TEST_CASE("postgres: more readers than connections are all answered") {
  fixture store{kind_of<postgres>};
  must(store->append(request("a", no_stream, some_events(1, 500))));
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k)
        if (read_stream(*store, "a").size() == 500) ++right;
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 100);
}

TEST_CASE("postgres: a checkpoint that another node saves meanwhile is waited for, and counts") {
  const postgres_schema schema;
  const auto other = open(schema.url());
  const auto reading = schema.name() + "_reading";
  const auto store = open(schema.url("&application_name=" + reading));
  must(other->append(request("a", no_stream, some_events(1, 20))));
  must(other->register_projection("p", position{3}));
  const auto save = [&](std::uint64_t handled, std::vector<completion> done) {
    const checkpoint_update update{"p", position{handled}, std::move(done)};
    return other->save(std::span{&update, 1});
  };
  must(save(10, {{position{12}, "x"}, {position{18}, "x"}}));
  // From here on who saves stops between its change and its commit until the other node waits for it.
  const auto wait_until = [](const std::string& found) {
    return "WHILE NOT EXISTS (SELECT FROM " + found + ") LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; ";
  };
  schema.sql("CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "IF current_setting('application_name') <> '" +
             reading + "' THEN PERFORM pg_advisory_xact_lock(TG_RELID::bigint); " +
             wait_until("pg_stat_activity WHERE application_name = '" + reading + "' AND wait_event_type = 'Lock'") +
             "END IF; RETURN NULL; END $$; "
             "CREATE TRIGGER stop AFTER UPDATE ON skald_projections FOR EACH ROW EXECUTE FUNCTION stop()");
  result<void> saved;
  std::thread saves{[&] { saved = save(15, {}); }};
  schema.sql("DO $$ BEGIN " +
             wait_until("pg_locks WHERE locktype = 'advisory' AND granted AND objid = 'skald_projections'::regclass") +
             "END $$");
  checkpoint expected{position{15}, position{3}, {{position{18}, "x"}}};
  result<checkpoint> answer;
  SUBCASE("by a rewind") {
    answer = store->rewind("p", position{5});
    expected = {position{5}, position{15}, expected.completions}; // all that was handled arrives as hydrated
  }
  SUBCASE("by who registers the projection") { answer = store->register_projection("p", {}); }
  saves.join();
  must(saved);
  CHECK(must(answer) == expected);
  schema.sql("DROP TRIGGER stop ON skald_projections");
  CHECK(must(store->register_projection("p", {})) == expected);
}

TEST_CASE("postgres: verifying notices a head that is wrong") {
  const postgres_schema schema;
  const auto store = open(schema.url());
  must(store->append(request("a", no_stream, some_events(1, 3))));
  schema.sql("CREATE TABLE kept AS SELECT * FROM skald_head");
  struct row {
    const char* change;
    const char* says;
  };
  const row rows[] = {
    {"UPDATE skald_head SET position = 4", "the newest record is at position 4, it is at position 3"},
    {"UPDATE skald_head SET position = 2", "the newest record is at position 2, it is at position 3"},
    {"UPDATE skald_head SET last_stream = 0", "the last stream is 0, there is stream 1"},
    {"UPDATE skald_head SET last_type = 0", "the last event type is 0, there is event type 1"},
    {"DELETE FROM skald_head", "skald_head has 0 rows, not one"},
    {"INSERT INTO skald_head SELECT * FROM skald_head", "skald_head has 2 rows, not one"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.change);
    schema.sql(row.change);
    const auto found = must(store->verify());
    CHECK(found.problem_count == 1);
    REQUIRE_FALSE(found.problems.empty());
    CHECK_MESSAGE(found.problems.front().message.find(row.says) != std::string::npos, found.problems.front().message);
    schema.sql("TRUNCATE skald_head; INSERT INTO skald_head SELECT * FROM kept");
    CHECK(must(store->verify()).sound());
  }
}

TEST_CASE("postgres: what lies behind a damaged page is verified, too") {
  postgres_server server;
  const postgres_schema schema{server.folder()};
  const auto store = open(schema.url());
  for (std::uint64_t i = 0; i < 20; ++i) must(store->append(request("a", any, some_events(i * 100, 100))));
  schema.sql("UPDATE skald_events SET data = '{}' WHERE position = 2000");
  const auto file =
    schema.sql("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('skald_events')");
  constexpr std::size_t page = 8192;
  const auto damaged = [&](const char* which) {
    return schema.sql(std::string{"SELECT "} + which +
                      "(position) FROM skald_events WHERE ctid >= '(5,0)' AND ctid < '(6,0)'");
  };
  const auto first = damaged("min");
  const auto last = damaged("max");
  const auto count = std::stoull(damaged("count"));
  REQUIRE(std::stoul(schema.sql("SELECT pg_relation_size('skald_events')")) > 10 * page);
  server.stop(SIGINT);
  {
    std::fstream content{file, std::ios::in | std::ios::out | std::ios::binary};
    content.seekp(5 * page); // in the middle of the table
    content << std::string(page, '\x5a');
  }
  server.start();
  const auto found = must(store->verify());
  const auto told = [&](const char* what) {
    return std::ranges::any_of(found.problems,
                               [&](const problem& p) { return p.message.find(what) != std::string::npos; });
  };
  CHECK(std::ranges::count_if(found.problems, [](const problem& p) {
          return p.message.find(" cannot be read: ") != std::string::npos;
        }) == 1);
  CHECK(told(("positions " + first + " to " + last + " cannot be read: ").c_str()));
  CHECK(told("the event at position 2000, "));
  CHECK(told("streams could not all be looked at: "));
  CHECK(
    std::ranges::none_of(found.problems, [](const problem& p) { return p.message.find('\n') != std::string::npos; }));
  CHECK_FALSE(told("there is an event at position")); // as if something was missing
  CHECK(found.records == 2000 - count);
  CHECK_FALSE(found.streams);
  CHECK(code_of(store->read(all_query{}.after(position{100}))) == errc::corrupt);
  CHECK(must(store->read(all_query{}.after(position{1990}))).records.size() == 10);
}

TEST_CASE("postgres: a page costs what it holds, however much there is in front of it and behind it") { // C.52
  std::vector<std::uint64_t> costs;
  for (const std::uint64_t events : {1'000, 12'000}) {
    const postgres_schema schema;
    with_little_memory(schema, [&](event_store& store) { fill_to(store, events); });
    costs.push_back(entries_read(schema, [&](const event_store& store) { ask_everything(store, events); }));
  }
  CHECK(costs.front() > 0);
  CHECK(costs.back() < costs.front() * 6 / 5);
}

TEST_CASE("postgres: of many streams that are read as one, a page looks at little more than it holds") { // C.52
  const postgres_schema schema;
  constexpr std::uint64_t streams = 60;
  constexpr std::uint64_t events = 200 * streams;
  std::vector<append_request> group;
  std::vector<stream_id> names;
  for (std::uint64_t i = 0; i < events; ++i)
    group.push_back(request("s" + std::to_string(i % streams), any, {an_event(i)}));
  for (std::uint64_t i = 0; i < streams; ++i) names.push_back(stream("s" + std::to_string(i)));
  with_little_memory(schema, [&](event_store& store) {
    for (const auto& answer : store.append(group)) REQUIRE(answer);
  });
  for (const bool backward : {false, true}) {
    CAPTURE(backward);
    streams_query query{names};
    if (backward) query.backward();
    const auto read = entries_read(
      schema, [&](const event_store& store) { CHECK(must(store.read(query)).records.size() == limits::page_records); });
    CHECK(read < 5 * limits::page_records);
  }
}
