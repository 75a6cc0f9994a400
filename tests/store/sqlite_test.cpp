#include <sqlite3.h>
#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>
#include <tests/store/files.hpp>
#include <tests/store/opened_connections.hpp>
#include <tests/store/page_costs.hpp>
#include <tests/store/sql.hpp>

#include <algorithm>
#include <iterator>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace skald;
using namespace skald::test;

namespace fs = std::filesystem;

namespace {

using store_pointer = std::unique_ptr<event_store>;

store_pointer open(const fs::path& file, manual_clock clock = {}) {
  store_options options;
  options.wall = clock;
  return must(open_sqlite_store(file, options));
}

/// Runs `body`, which answers whether all was well, as a user whom permissions bind. In a sandbox root may not be
/// able to become another user: then there is nothing to show.
template <class Body>
bool as_nobody(Body body) {
  constexpr int cannot = 77;
  const auto status = child_process{[&] {
                        if (::geteuid() == 0 && ::seteuid(65534) != 0) return cannot;
                        return body() ? 0 : 1;
                      }}.wait();
  if (status == cannot) MESSAGE("not shown: root cannot become another user here");
  return status == 0 || status == cannot;
}

/// What opening the file answers, which has to be a refusal that names the file.
error refusal_of(const fs::path& file) {
  const auto opened = open_sqlite_store(file);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == errc::open_failed);
  CHECK_MESSAGE(opened.error().message.find("'" + file.string() + "'") != std::string::npos, opened.error().message);
  return opened.error();
}

} // namespace

TEST_CASE("sqlite: a file that is not skald's is refused, and left as it is") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  std::string says;
  SUBCASE("a text") {
    write_file(file, std::string(5000, 'x') + "\nlong enough to be a page");
    says = "not a database";
  }
  SUBCASE("a short text") {
    write_file(file, "hello\n");
    says = "not a database";
  }
  SUBCASE("a picture") {
    write_file(file, "\x89PNG\r\n\x1a\n" + std::string(3000, '\0'));
    says = "not a database";
  }
  SUBCASE("the database of another program") {
    run_sql(file, "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')");
    says = "another program";
  }
  SUBCASE("the empty database of another program") {
    run_sql(file, "PRAGMA application_id = 7");
    says = "another program";
  }
  SUBCASE("a database with a version of another program") {
    run_sql(file, "PRAGMA user_version = 7");
    says = "another program";
  }
  SUBCASE("the database of a newer skald") {
    open(file);
    run_sql(file, "PRAGMA user_version = 1000");
    says = "open it with a newer skald";
  }
  SUBCASE("a database of skald without a version") {
    open(file);
    run_sql(file, "PRAGMA user_version = 0");
    says = "version 0";
  }
  const auto before = content_of(file);
  const auto why = refusal_of(file);
  CHECK_MESSAGE(why.message.find(says) != std::string::npos, why.message);
  CHECK(content_of(file) == before);
  CHECK(std::distance(fs::directory_iterator{folder.path()}, {}) == 1);
}

TEST_CASE("sqlite: a path where no file can be is refused") {
  const temporary_folder folder;
  SUBCASE("a folder") { refusal_of(folder.path()); }
  SUBCASE("a missing folder") { refusal_of(folder.path() / "missing" / "file.db"); }
  SUBCASE("a file in place of a folder") {
    write_file(folder.path() / "file", "x");
    refusal_of(folder.path() / "file" / "file.db");
  }
  SUBCASE("no name") { CHECK(code_of(open_sqlite_store("")) == errc::invalid_argument); }
  SUBCASE("a name with a NUL") {
    CHECK(code_of(open_sqlite_store(folder.path() / std::string{"a\0b", 3})) == errc::invalid_argument);
    CHECK(fs::is_empty(folder.path()));
  }
}

TEST_CASE("sqlite: what may not be written is refused") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  const auto refused = [&] {
    const auto opened = open_sqlite_store(file);
    return !opened && opened.error().code == errc::open_failed &&
           opened.error().message.find("see that") != std::string::npos;
  };
  SUBCASE("a read-only file") {
    open(file);
    fs::permissions(file, fs::perms{0444});
    fs::permissions(folder.path(), fs::perms{0777});
    CHECK(as_nobody(refused));
  }
  SUBCASE("a file that may not be read either") {
    open(file);
    fs::permissions(file, fs::perms{0000});
    fs::permissions(folder.path(), fs::perms{0777});
    CHECK(as_nobody(refused));
  }
  SUBCASE("a file in a read-only folder") {
    open(file);
    fs::permissions(file, fs::perms{0666});
    fs::permissions(folder.path(), fs::perms{0555});
    CHECK(as_nobody(refused));
  }
  SUBCASE("no file in a read-only folder") {
    fs::permissions(folder.path(), fs::perms{0555});
    CHECK(as_nobody(refused));
    CHECK_FALSE(fs::exists(file));
  }
  fs::permissions(folder.path(), fs::perms{0700});
}

TEST_CASE("sqlite: an empty file becomes a store") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  write_file(file, "");
  const auto store = open(file);
  must(store->append(request("a", no_stream, some_events(1, 1))));
}

TEST_CASE("sqlite: a name with a meaning to SQLite is a file like any other") {
  const temporary_folder folder;
  for (const auto* name : {":memory:", "file:x?mode=memory", "größe #1?.db"}) {
    CAPTURE(name);
    must(open(folder.path() / name)->append(request("a", no_stream, some_events(1, 1))));
    CHECK(fs::exists(folder.path() / name));
    CHECK(read_all(*open(folder.path() / name)).size() == 1);
  }
}

TEST_CASE("sqlite: the files of a new store belong to their user alone") {
  const temporary_folder folder;
  const auto before = ::umask(0);
  const auto store = open(folder.path() / "file.db");
  must(store->append(request("a", no_stream, some_events(1, 1))));
  CHECK(must(store->head()) == position{1});
  ::umask(before);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator{folder.path()}) {
    CAPTURE(entry.path().string());
    CHECK((entry.status().permissions() == fs::perms{0600}));
    ++files;
  }
  CHECK(files == 3); // the database, its log and the log's index
}

TEST_CASE("sqlite: everything is there after a restart") {
  fixture store{kind_of<sqlite>};
  must(store->append(request("a", no_stream, some_events(1, 3))));
  must(store->hydrate(std::vector{foreign(10, "a", at(5)), foreign(11, "a", at(4)), foreign(12, "b", at(4))}));
  auto quiet = request("c", no_stream, some_events(20, 2));
  quiet.emit = false;
  must(store->append(quiet));
  const auto before = read_all(*store);
  const auto stream_before = read_stream(*store, "a");
  for (int i = 0; i < 2; ++i) {
    store.reopen();
    CHECK(read_all(*store) == before);
    CHECK(read_stream(*store, "a") == stream_before);
  }
  CHECK(must(store->append(request("a", exactly(5), {an_event(30)}))).last == position{9});
  CHECK(must(store->append(request("d", no_stream, {an_event(31, "new type")}))).last == position{10});
  CHECK(must(store->append(quiet)).first == position{7});
}

TEST_CASE("sqlite: readers do not wait for a writer and do not see what it has not committed") {
  fixture store{kind_of<sqlite>};
  must(store->append(request("a", no_stream, some_events(1, 3))));
  const auto before = read_all(*store);
  must(door::open(*store, [&](event_store::transaction& tx) -> result<void> {
    auto r = foreign(4, "a", at(1));
    r.revision = revision{4};
    r.position = position{4};
    tx.write(r);
    CHECK(read_all(*store) == before);
    CHECK(must(store->revision_of(stream("a"))) == revision{3});
    CHECK_FALSE(must(store->find(id(4))));
    return {};
  }));
  CHECK(must(store->revision_of(stream("a"))) == revision{4});
  CHECK(must(store->find(id(4))));
}

TEST_CASE("sqlite: more readers than connections are all answered") {
  fixture store{kind_of<sqlite>};
  must(store->append(request("a", no_stream, some_events(1, 500))));
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 40; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k)
        if (read_stream(*store, "a").size() == 500) ++right;
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 200);
}

TEST_CASE("sqlite: two stores on one file see each other's streams, types, revisions and time") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  manual_clock slow;
  manual_clock fast;
  fast.advance(std::chrono::hours{1});
  const auto one = open(file, slow);
  const auto two = open(file, fast);
  std::uint64_t n = 0;
  for (std::uint64_t round = 0; round < 20; ++round) {
    auto& store = *(round % 3 == 0 ? one : two);
    const auto type = "type " + std::to_string(round / 2);
    ++n;
    CHECK(must(store.append(request("shared", exactly(round), {an_event(n, type)}))).first == position{n});
    ++n;
    CHECK(must(store.append(request("own " + std::to_string(round), no_stream, {an_event(n, type)}))).first ==
          position{n});
  }
  const auto all = read_all(*one);
  CHECK(all == read_all(*two));
  CHECK(all.size() == n);
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i].recorded > all[i - 1].recorded);
  CHECK(code_of(one->append(request("shared", exactly(19), {an_event(99)}))) == errc::wrong_expected_revision);
}

TEST_CASE("sqlite: a newest record that cannot be is noticed when the store is opened") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  must(open(file)->append(request("a", no_stream, some_events(1, 3))));
  run_sql(file, "UPDATE skald_events SET recorded = -5 WHERE position = 3");
  refusal_of(file);
}

TEST_CASE("sqlite: a damaged page is called corrupt") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  {
    const auto store = open(file);
    for (std::uint64_t i = 0; i < 50; ++i) must(store->append(request("a", any, some_events(i * 100, 100))));
  }
  auto content = content_of(file);
  constexpr std::size_t page = 4096;
  REQUIRE(content.size() > 100 * page);
  std::fill(content.begin() + 40 * page, content.begin() + 90 * page, '\x5a');
  write_file(file, content);
  const auto store = open(file);
  auto read = store->read(all_query{});
  while (read && read->more) read = store->read(all_query{}.after(read->records.back().position));
  CHECK(code_of(read) == errc::corrupt);
  CHECK_MESSAGE(read.error().message.find("restore the file from a backup") != std::string::npos, read.error().message);
}

TEST_CASE("sqlite: every statement finds its rows by an index, and sorts no more than it answers") { // C.52
  const opened_connections opened;
  const temporary_folder folder;
  const auto store = open(folder.path() / "events.db");
  (void)must(store->head()); // opens a reader
  std::vector<std::string> texts;
  opened.for_each_statement([&](sqlite3_stmt* s) { texts.emplace_back(sqlite3_sql(s)); });
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((folder.path() / "events.db").c_str(), &db) == SQLITE_OK);
  std::size_t explained = 0;
  for (const auto& text : texts) {
    CAPTURE(text);
    sqlite3_stmt* plan = nullptr;
    if (sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + text).c_str(), -1, &plan, nullptr) != SQLITE_OK) continue;
    while (sqlite3_step(plan) == SQLITE_ROW) {
      ++explained;
      const std::string step = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
      CAPTURE(step);
      const bool at_one_end =
        text.ends_with("ORDER BY position DESC LIMIT 1") || text.ends_with("ORDER BY key LIMIT 2)");
      const bool all_rows = text == "SELECT type FROM skald_events"; // counts them
      const bool all_snapshots = text.find("FROM (SELECT f.reducer") != std::string::npos; // of which there are few
      const bool one_row = step == "SCAN skald_store";
      const bool given = step.starts_with("SCAN json_each") || step == "SCAN CONSTANT ROW";
      const bool names_in_order =
        text.ends_with("ORDER BY s.name") || text.ends_with("ORDER BY k.name"); // all answered
      CHECK((!step.starts_with("SCAN") || at_one_end || all_rows || all_snapshots || one_row || given));
      CHECK((step.find("TEMP B-TREE") == std::string::npos || names_in_order || all_snapshots));
      CHECK(step.find("AUTOMATIC") == std::string::npos);
    }
    sqlite3_finalize(plan);
  }
  sqlite3_close(db);
  CHECK(texts.size() > 40);
  CHECK(explained > 40);
}

TEST_CASE("sqlite: a page costs what it holds, however much there is in front of it and behind it") { // C.52
  std::vector<std::int64_t> costs;
  for (const std::uint64_t events : {1'000, 12'000}) {
    const opened_connections opened;
    const temporary_folder folder;
    const auto store = open(folder.path() / "events.db");
    fill_to(*store, events);
    const auto steps_taken = [&] { // since the last time
      std::int64_t steps = 0;
      opened.for_each_statement(
        [&](sqlite3_stmt* s) { steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1); });
      return steps;
    };
    (void)steps_taken();
    ask_everything(*store, events);
    costs.push_back(steps_taken());
  }
  CHECK(costs.front() > 0);
  CHECK(costs.back() < costs.front() * 6 / 5);
}
