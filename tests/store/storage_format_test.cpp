#include <tests/store/contract.hpp>
#include <tests/store/faulty_disk.hpp>
#include <tests/store/files.hpp>
#include <tests/store/opened_connections.hpp>
#include <tests/store/sql.hpp>

#include <array>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

using namespace skald;
using namespace skald::test;

namespace {

/// What a store of a version of the schema holds that was made by the programs of that time. Files and what is said
/// of them stay as they are, for good; `docs/reference/storage_format.md` tells how one is made for a new version.
struct version {
  const char* file;
  std::size_t records;
  bool relations;
  bool snapshots;
  bool commands;
  const char* id = nullptr; ///< of the store, if it has one; its epoch is next
  const char* epoch = nullptr;
};

std::vector<version> versions_of(const sqlite&) {
  return {{"sqlite_1.sql", 10, false, false, false},
          {"sqlite_2.sql", 10, true, false, false},
          {"sqlite_3.sql", 13, true, false, false},
          {"sqlite_4.sql", 14, true, true, true},
          {"sqlite_5.sql", 14, true, true, true, "01a231a6-6e09-76a9-9980-15b3fb56ead4",
           "01a231a6-6e09-7de5-9d0f-3a6208184b65"}};
}

std::string content_of(const version& v) {
  auto content = test::content_of(std::filesystem::path{SKALD_GOLDEN} / v.file);
  REQUIRE_FALSE(content.empty());
  return content;
}

std::filesystem::path file_of(const sqlite& store) { return store.folder.path() / "events.db"; }
void restore(const sqlite& store, const version& v) { sql_of(store, content_of(v)); }
std::size_t version_of(const sqlite& store) { return std::stoul(sql_of(store, "PRAGMA user_version")); }

#ifdef SKALD_WITH_POSTGRES
std::vector<version> versions_of(const postgres&) {
  return {{"postgres_1.sql", 13, true, true, false},
          {"postgres_2.sql", 14, true, true, true},
          {"postgres_3.sql", 14, true, true, true},
          {"postgres_4.sql", 14, true, true, true, "01a231a6-7256-73d3-b918-f6a93ba6a76e",
           "01a231a6-7256-7c93-8d3f-f00a8302d7db"}};
}

void restore(const postgres& store, const version& v) {
  auto text = content_of(v);
  constexpr std::string_view name = "skald_golden"; // of the schema
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at))
    text.replace(at, name.size(), store.schema.name());
  run_postgres_sql(shared_postgres(), text);
}
std::size_t version_of(const postgres& store) { return std::stoul(sql_of(store, "SELECT version FROM skald_schema")); }
#endif

/// The records, by position.
std::vector<record> records_of(const version& v) {
  struct row {
    const char* stream;
    std::uint64_t revision;
    std::uint64_t id;
    const char* type;
    std::uint64_t created;
    std::uint64_t recorded;
  };
  constexpr std::uint64_t first = 114688000000000000;
  constexpr std::uint64_t hour = 114688235929600000; // later
  constexpr std::uint64_t batch = 114688243793920000;
  constexpr std::uint64_t command = 114688251658240000;
  constexpr std::uint64_t foreign = 114032640000000000;
  const row rows[] = {
    {"fine-1", 1, 1, "fine:created", first, first},
    {"fine-1", 2, 2, "fine:paid", first + 1, first + 1},
    {"fine-2", 1, 11, "thing:happened", hour, hour},
    {"fine-2", 2, 12, "thing:happened", hour + 1, hour + 1},
    {"fine-2", 3, 13, "thing:happened", hour + 2, hour + 2},
    {"größe'; --", 1, 21, "thing:happened", hour + 3, hour + 3},
    {"größe'; --", 2, 22, "thing:happened", hour + 4, hour + 4},
    {"fine-1", 3, 3, "fine:closed", hour + 5, hour + 5},
    {"fine-1", 4, 31, "fine:paid", foreign + 327680, hour + 6},
    {"archive", 1, 32, "old:kept", foreign + 65536, hour + 7},
    {"fine-3", 1, 41, "thing:happened", batch, batch},
    {"fine-3", 2, 42, "thing:happened", batch + 1, batch + 1},
    {"fine-2", 4, 51, "thing:happened", batch + 2, batch + 2},
    {"fine-4", 1, 61, "thing:happened", command + 1, command + 1},
  };
  std::vector<record> records;
  for (const auto& row : rows) {
    auto& r = records.emplace_back();
    r.position = position{records.size()};
    r.stream = stream(row.stream);
    r.revision = revision{row.revision};
    r.id = id(row.id);
    r.type = row.type;
    r.data = number_json(row.id);
    r.created = timestamp{row.created};
    r.recorded = timestamp{row.recorded};
  }
  records[1].schema_version = 3;
  records[1].data = R"({ "cents": 9007199254740993, "by": "Zoë 😀\u0000" })";
  records[1].meta = R"({"who":"clerk"})";
  records[7].silent = true;
  records[8].hydrated = records[8].outdated = records[9].hydrated = true;
  for (const std::size_t i : {10U, 11U, 12U}) records[i].batch = batch_key{"import 7"};
  records.resize(v.records);
  return records;
}

void check_content(event_store& store, const version& v) {
  CHECK(read_all(store, all_query{}.before(position{v.records + 1})) == records_of(v));
  CHECK(must(store.find(id(2)))->meta == R"({"who":"clerk"})");
  CHECK(data_of(read_stream(store, "fine-1")).front() == number_json(31)); // the oldest
  CHECK(must(store.register_projection("mailer", std::nullopt)) ==
        checkpoint{position{4}, position{2}, {{position{6}, "once:fine:paid"}}});
  CHECK(must(store.register_projection("table", std::nullopt)) == checkpoint{position{9}, position{10}, {}});
  if (v.relations) {
    CHECK(must(store.related(relation_key{"open fines"})) == relation{{stream("fine-2")}, revision{3}});
    CHECK(must(store.related(relation_key{"users/ada"})) ==
          relation{{stream("fine-1"), stream("not yet there")}, revision{2}});
  }
  if (v.snapshots)
    for (const auto& key :
         {snapshot_key{"totals", stream("fine-2")}, snapshot_key{"totals", relation_key{"open fines"}}}) {
      const auto found = must(store.load_snapshot(key));
      REQUIRE(found);
      CHECK(found->holds);
      CHECK(found->snapshot.state == number_json(4));
      CHECK(found->snapshot.fingerprint == "shape");
    }
  const auto identity = must(store.identity());
  CHECK_FALSE(identity.id.nil());
  CHECK_FALSE(identity.epoch.nil());
  if (v.id) CHECK(identity == store_identity{must(event_id::parse(v.id)), must(event_id::parse(v.epoch))});
}

/// All that can be done to a store is done to this one.
void go_on(event_store& store, const version& v) {
  auto paid = request("fine-1", exactly(4), some_events(100, 1));
  paid.batch = batch_key{"b"};
  paid.command = command_id{"pay 7"};
  const auto answer = must(store.append(paid));
  if (v.commands)
    CHECK(answer == receipt{{revision{1}}, position{14}, position{14}, R"({ "due": 1.10 })"});
  else
    CHECK(answer == receipt{{revision{5}}, position{v.records + 1}, position{v.records + 1}});
  append_request nothing;
  nothing.command = command_id{"nothing to do"};
  CHECK(must(store.append(nothing)) == receipt{});
  if (v.id) {
    append_request closed;
    closed.command = command_id{"close 8"};
    CHECK(must(store.append(closed)).answer == "\"closed\"");
  }
  must(store.append(request("new", no_stream, {an_event(200, "new:type")})));
  const relation_key key{"new key"};
  must(store.relate(std::vector{relation_change::insert(key, stream("new")), //
                                relation_change::insert(key, stream("newer"))}));
  CHECK(must(store.related(key)).streams.size() == 2);
  const auto counted = folded(store, {"counts", stream("new")});
  must(store.save_snapshots(std::span{&counted, 1}));
  CHECK(must(store.load_snapshot(counted.key))->holds);
  CHECK(must(store.register_projection("new", std::nullopt)).fresh_from == must(store.head()));
}

std::unique_ptr<event_store> open_verified(store_place& from) {
  store_options options;
  options.wall = manual_clock{};
  options.verify_reads = true;
  return from.open(options);
}

void expect_sound(const event_store& store) {
  const auto found = must(store.verify());
  for (const auto& p : found.problems) CHECK_MESSAGE(false, p.message);
}

} // namespace

SKALD_PERSISTENT("a store of every released version is opened, brought to the newest, found sound, and goes on") {
  const auto versions = versions_of(Backend());
  for (const auto& v : versions) {
    CAPTURE(v.file);
    Backend old;
    restore(old, v);
    CHECK(versions[version_of(old) - 1].file == v.file);
    {
      const auto store = open_verified(old);
      check_content(*store, v);
      expect_sound(*store);
      go_on(*store, v);
      expect_sound(*store);
    }
    CHECK(version_of(old) == versions.size()); // there is a file of the newest one
    const auto store = open_verified(old);
    check_content(*store, v);
    expect_sound(*store);
  }
}

SKALD_PERSISTENT("a migration that fails half-way leaves the old version whole, and can be repeated") {
  const auto versions = versions_of(Backend());
  for (const auto& v : versions) {
    CAPTURE(v.file);
    Backend old;
    restore(old, v);
    const auto before = version_of(old);
    if (before == versions.size()) continue;
    const std::string in_the_way = "skald_store"; // made last
    sql_of(old, "CREATE TABLE " + in_the_way + " (x integer)");
    store_options options;
    const auto refused = [&] {
      if constexpr (std::is_same_v<Backend, sqlite>)
        return open_sqlite_store(file_of(old), options);
      else
        return open_postgres_store(old.url(), options);
    }();
    REQUIRE(code_of(refused) == errc::open_failed);
    CHECK_MESSAGE(refused.error().message.find(in_the_way) != std::string::npos, refused.error().message);
    CHECK(version_of(old) == before);
    sql_of(old, "DROP TABLE " + in_the_way);
    const auto store = open_verified(old);
    check_content(*store, v);
    expect_sound(*store);
  }
}

TEST_CASE("sqlite: wherever the disk fails a migration, the old version stays whole, and can be brought up") {
  const sqlite original;
  const auto v = versions_of(original).front();
  restore(original, v);
  int failed = 0;
  for (bool more = true; more;) {
    const temporary_folder folder;
    const auto file = folder.path() / "events.db";
    std::filesystem::copy_file(file_of(original), file);
    faulty_disk disk;
    disk.fail({.call = failed + 1});
    const bool opened{open_sqlite_store(file)};
    more = disk.failed() != 0;
    CHECK((opened || more));
    disk.repair();
    const auto now = run_sql(file, "PRAGMA user_version");
    CHECK((now == "1" || now == std::to_string(versions_of(original).size()))); // whole, whichever it is
    const auto store = must(open_sqlite_store(file));
    check_content(*store, v);
    expect_sound(*store);
    failed += more ? 1 : 0;
  }
  CHECK(failed > 10);
}

namespace {

/// What `docs/reference/storage_format.md` says.
const std::string& storage_format() {
  static const auto text = test::content_of(SKALD_STORAGE_FORMAT);
  return text;
}

/// The lines of an answer.
std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

/// Each column of tables and views as "table column type"; those of views without a type.
std::set<std::string> columns_of(const sqlite& store) {
  return lines_of(sql_of(store,
                         "SELECT group_concat(t.name || ' ' || c.name || iif(t.type = 'table', ' ' || c.type, ''),"
                         " char(10)) FROM sqlite_schema t, pragma_table_info(t.name) c "
                         "WHERE t.name NOT LIKE 'sqlite_%' AND t.type IN ('table', 'view')"));
}
std::set<std::string> indexes_of(const sqlite& store) {
  return lines_of(
    sql_of(store, "SELECT group_concat(name, char(10)) FROM sqlite_schema WHERE type = 'index' AND sql <> ''"));
}
std::set<std::string> definitions_of(const sqlite& store) {
  return lines_of(sql_of(store, "SELECT group_concat(type || ' ' || name || ' ' || coalesce(sql, ''), char(10)) "
                                "FROM sqlite_schema"));
}
void make_schema(const sqlite&) {}
constexpr std::size_t type_column(const sqlite&) { return 1; }
constexpr const char* language(const sqlite&) { return "sqlite"; }

#ifdef SKALD_WITH_POSTGRES
std::set<std::string> columns_of(const postgres& store) {
  return lines_of(
    sql_of(store, "SELECT string_agg(table_name || ' ' || column_name || CASE WHEN table_name LIKE '%_v1' "
                  "THEN '' ELSE ' ' || data_type END, E'\\n') FROM information_schema.columns "
                  "WHERE table_schema = '" +
                    store.schema.name() + "'"));
}
std::set<std::string> indexes_of(const postgres& store) {
  return lines_of(sql_of(store, "SELECT string_agg(indexname, E'\\n') FROM pg_indexes WHERE schemaname = '" +
                                  store.schema.name() +
                                  "' AND indexname NOT LIKE '%_key' AND indexname NOT LIKE '%_pkey'"));
}
std::set<std::string> definitions_of(const postgres& store) {
  auto all = columns_of(store);
  all.merge(indexes_of(store));
  all.merge(lines_of(sql_of(store, "SELECT string_agg(prosrc, E'\\n') FROM pg_proc "
                                   "WHERE pronamespace = '" +
                                     store.schema.name() + "'::regnamespace")));
  all.merge(lines_of(sql_of(store, "SELECT string_agg(definition, E'\\n') FROM pg_views WHERE schemaname = '" +
                                     store.schema.name() + "'")));
  return all;
}
void make_schema(const postgres& store) { sql_of(store, "CREATE SCHEMA IF NOT EXISTS " + store.schema.name()); }
constexpr std::size_t type_column(const postgres&) { return 2; }
constexpr const char* language(const postgres&) { return "postgres"; }
#endif

/// The same, as the page tells it; `type` is the cell of a row that holds the type.
std::set<std::string> documented_columns(std::size_t type) {
  std::set<std::string> columns;
  std::string table;
  std::istringstream in{storage_format()};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) {
      const auto begin = line.find('`');
      table = line.starts_with("### `skald_") ? line.substr(begin + 1, line.find('`', begin + 1) - begin - 1) : "";
    }
    if (table.empty() || !line.starts_with("| `")) continue;
    std::array<std::string, 3> cells;
    std::istringstream row{line.substr(2)};
    for (auto& cell : cells) {
      std::getline(row, cell, '|');
      while (cell.ends_with(' ')) cell.pop_back();
      cell.erase(0, cell.find_first_not_of(' '));
    }
    if (cells[type].empty()) continue;
    const std::regex name{"`([a-z_]+)`"};
    for (std::sregex_iterator i{cells[0].begin(), cells[0].end(), name}; i != std::sregex_iterator{}; ++i)
      columns.insert(table + ' ' + (*i)[1].str() + (table.ends_with("_v1") ? "" : ' ' + cells[type]));
  }
  return columns;
}

std::vector<std::string> documented_queries(const std::string& language) {
  const auto begin = storage_format().find("```" + language + '\n') + language.size() + 4;
  std::istringstream in{storage_format().substr(begin, storage_format().find("```", begin) - begin)};
  std::vector<std::string> queries;
  for (std::string line; std::getline(in, line);) queries.push_back(line);
  return queries;
}

} // namespace

SKALD_PERSISTENT("the migrations of each released version make what stores of that version hold") {
  for (const auto& v : versions_of(Backend())) {
    CAPTURE(v.file);
    Backend released;
    restore(released, v);
    Backend made;
    make_schema(made);
    for (std::size_t version = 1; version <= version_of(released); ++version)
      sql_of(made, test::content_of(std::filesystem::path{SKALD_SCHEMAS} / language(made) / "schema" /
                                    (std::to_string(version) + ".sql")));
    const auto there = definitions_of(made);
    const auto expected = definitions_of(released);
    CHECK(there.size() > 10);
    for (const auto& line : expected) CHECK_MESSAGE(there.contains(line), line);
    CHECK(there.size() == expected.size());
  }
}

SKALD_PERSISTENT("the storage format tells every table, column, index and view") {
  Backend store;
  (void)store.open({});
  const auto told = documented_columns(type_column(store));
  const auto there = columns_of(store);
  for (const auto& column : there) CHECK_MESSAGE(told.contains(column), column);
  for (const auto& column : told) CHECK_MESSAGE(there.contains(column), column);
  CHECK(there.size() > 60);
  for (const auto& index : indexes_of(store))
    CHECK_MESSAGE(storage_format().find('`' + index + '`') != std::string::npos, index);
}

SKALD_PERSISTENT("the documented queries answer what is stored") {
  Backend store;
  {
    manual_clock clock;
    store_options options;
    options.wall = clock;
    const auto opened = store.open(options);
    must(opened->append(request("fine-1", no_stream, {{"fine:paid", R"({"payment_cents": 30})", id(7), at(5)}})));
    must(opened->hydrate(std::vector{foreign(1, "fine-1", at(2)), foreign(2, "fine-1", at(1))}));
    auto second = request("fine-2", no_stream, {{"fine:paid", R"({"payment_cents": 10})"}});
    second.batch = batch_key{"b"};
    must(opened->append(second));
    must(opened->relate(std::vector{relation_change::insert(relation_key{"users/ada"}, stream("fine-1"))}));
    must(opened->register_projection("table", std::nullopt));
    must(opened->save(std::vector{checkpoint_update{"table", position{1}, {}}}));
  }
  const auto queries = documented_queries(language(store));
  const char* const answers[] = {"fine-1", "3", "4", "fine-1", "fine-1", "table"}; // the first value of each
  REQUIRE(queries.size() == std::size(answers));
  for (std::size_t i = 0; i < queries.size(); ++i) {
    CAPTURE(queries[i]);
    CHECK(sql_of(store, queries[i]) == answers[i]);
  }
  const auto seen = [&](const char* what, int position) {
    return sql_of(store,
                  std::string{"SELECT "} + what + " FROM skald_events_v1 WHERE position = " + std::to_string(position));
  };
  CHECK(seen("id", 1) == id(7).str());
  CHECK(seen("data", 1) == R"({"payment_cents": 30})");
  CHECK(seen("flags", 1).empty());
  CHECK(seen("flags", 2) == "hydrated");
  CHECK(seen("flags", 3) == "hydrated outdated");
  CHECK(seen("batch", 4) == "b");
  CHECK(seen("checksum", 1).size() == 16);
  constexpr bool on_sqlite = std::is_same_v<Backend, sqlite>;
  CHECK(seen(on_sqlite ? "created" : "to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')", 1) ==
        "2025-02-19T21:20:00.005Z");
}

TEST_CASE("sqlite: connections are defensive and do not trust what the schema calls") {
  const temporary_folder folder;
  const auto file = folder.path() / "events.db";
  int called = 0;
  const opened_connections opened{[&](sqlite3* db) {
    const auto spy = [](sqlite3_context* context, int, sqlite3_value**) {
      ++*static_cast<int*>(sqlite3_user_data(context));
      sqlite3_result_int(context, 1);
    };
    sqlite3_create_function(db, "spy", 0, SQLITE_UTF8, &called, spy, nullptr, nullptr);
  }};
  {
    const auto store = must(open_sqlite_store(file));
    must(store->append(request("a", no_stream, some_events(1, 1))));
    CHECK(read_all(*store).size() == 1);
    CHECK(opened.all().size() >= 2); // one that writes, and one that reads
    for (auto* db : opened.all()) {
      int on = -1;
      CHECK(sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, -1, &on) == SQLITE_OK);
      CHECK(on == 1);
      CHECK(sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &on) == SQLITE_OK);
      CHECK(on == 0);
    }
  }
  run_sql(file, "CREATE TRIGGER trap AFTER INSERT ON skald_events BEGIN SELECT spy(); END");
  const auto trapped = open_sqlite_store(file);
  REQUIRE(code_of(trapped) == errc::open_failed);
  CHECK_MESSAGE(trapped.error().message.find("unsafe use of spy()") != std::string::npos, trapped.error().message);
  CHECK(called == 0);
}
