#include <skald/store/sqlite_store.hpp>

#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>
#include <tests/store/faulty_disk.hpp>
#include <tests/store/files.hpp>
#include <tests/store/sql.hpp>

#include <csignal>
#include <filesystem>
#include <string>
#include <sys/stat.h>

using namespace skald;
using namespace skald::test;

namespace fs = std::filesystem;

namespace {

/// A store in a folder, and the names of a backup and of its partial file.
struct backup_place {
  backup_place() {
    for (int i = 0; i < 20; ++i) append(i);
  }

  void append(int number) {
    const auto first = static_cast<std::uint64_t>(1000 * number + 1);
    auto events = some_events(first, 10);
    for (auto& event : events) event.data = '"' + std::string(8000, 'x') + '"'; // so that there are many pages
    must(store->append(request("stream " + std::to_string(number), no_stream, events)));
  }

  [[nodiscard]] result<backup_report> back_up(const std::function<bool(backup_progress)>& go_on = {}) const {
    return back_up_sqlite_store(file, copy, go_on);
  }

  temporary_folder folder;
  fs::path file = folder.path() / "events.db";
  fs::path copy = folder.path() / "backup.db";
  fs::path partial = folder.path() / "backup.db.partial";
  std::unique_ptr<event_store> store = must(open_sqlite_store(file));
};

} // namespace

TEST_CASE("sqlite: a backup is the store as of one moment, whatever is appended meanwhile") {
  backup_place here;
  const auto before = read_all(*here.store);
  int calls = 0;
  backup_progress last;
  const auto report = must(here.back_up([&](backup_progress now) {
    CHECK(now.done >= last.done);
    CHECK(now.all == std::max(last.all, now.all));
    last = now;
    here.append(100 + calls++);
    return true;
  }));
  CHECK(calls > 0);
  CHECK(report.bytes == fs::file_size(here.copy));
  REQUIRE(report.found);
  CHECK(report.found->sound());
  CHECK(report.found->records == before.size());
  CHECK_FALSE(fs::exists(here.partial));
  struct stat mode{};
  REQUIRE(::stat(here.copy.c_str(), &mode) == 0);
  CHECK((mode.st_mode & 0777) == 0600);
  const auto copy = must(open_sqlite_store(here.copy));
  CHECK(read_all(*copy) == before);
  must(copy->append(request("new", no_stream, some_events(900'001, 1)))); // it is a store like the first
  CHECK(read_all(*here.store).size() == before.size() + 10 * static_cast<std::size_t>(calls));
}

TEST_CASE("sqlite: a backup that is opened has the id of the store and an epoch of its own, which it keeps") {
  const backup_place here;
  const auto original = must(here.store->identity());
  must(here.back_up());
  CHECK_FALSE(fs::exists(here.copy.string() + "-wal"));
  CHECK_FALSE(fs::exists(here.partial.string() + "-wal"));
  const auto restored = must(must(open_sqlite_store(here.copy))->identity());
  CHECK(restored.id == original.id);
  CHECK_FALSE(restored.epoch.nil());
  CHECK(restored.epoch != original.epoch);
  CHECK(must(must(open_sqlite_store(here.copy))->identity()) == restored);
  CHECK(must(here.store->identity()) == original);
}

TEST_CASE("sqlite: a backup that is stopped leaves nothing, and is made anew over a partial file") {
  backup_place here;
  int calls = 0;
  const auto stopped = here.back_up([&](backup_progress) { return ++calls < 2; });
  CHECK(code_of(stopped) == errc::stopped);
  CHECK_FALSE(fs::exists(here.copy));
  CHECK_FALSE(fs::exists(here.partial));
  const auto status = child_process{[&] {
                        (void)here.back_up([&](backup_progress now) {
                          if (2 * now.done > now.all) std::raise(SIGKILL);
                          return true;
                        });
                        return 0;
                      }}.wait();
  CHECK(status == -SIGKILL);
  CHECK_FALSE(fs::exists(here.copy));
  CHECK(fs::exists(here.partial));
  CHECK(must(here.back_up()).found->records == 200);
  CHECK(read_all(*must(open_sqlite_store(here.copy))) == read_all(*here.store));
}

TEST_CASE("sqlite: a backup never replaces a file, and says why it cannot be made") {
  const backup_place here;
  const auto refused = [](const result<backup_report>& made, errc code, const std::string& words) {
    CHECK(code_of(made) == code);
    if (!made) CHECK_MESSAGE(made.error().message.find(words) != std::string::npos, made.error().message);
  };
  write_file(here.copy, "something else");
  refused(here.back_up(), errc::invalid_argument, "name a new one");
  CHECK(content_of(here.copy) == "something else");
  refused(back_up_sqlite_store(here.file, here.file), errc::invalid_argument, "name a new one");
  refused(back_up_sqlite_store(here.folder.path() / "none.db", here.partial), errc::open_failed, "no such file");
  refused(back_up_sqlite_store(here.copy, here.partial), errc::open_failed, "not a database");
  refused(back_up_sqlite_store(here.file, here.folder.path() / "none" / "x"), errc::open_failed, "its folder is there");
  refused(back_up_sqlite_store(here.file, ""), errc::invalid_argument, "empty");
  refused(back_up_sqlite_store(here.file, fs::path{std::string{"a\0b", 3}}), errc::invalid_argument, "NUL");
  run_sql(here.folder.path() / "other.db", "CREATE TABLE bookmarks (url TEXT)");
  refused(back_up_sqlite_store(here.folder.path() / "other.db", here.partial), errc::open_failed, "another program");
}

TEST_CASE("sqlite: a backup of a damaged store is an error, and its partial file stays") {
  const backup_place here;
  run_sql(here.file, "UPDATE skald_events SET data = '\"changed\"' WHERE position = 7");
  const auto made = here.back_up();
  CHECK(code_of(made) == errc::corrupt);
  CHECK_MESSAGE(made.error().message.find("position 7") != std::string::npos, made.error().message);
  CHECK_FALSE(fs::exists(here.copy));
  CHECK(fs::exists(here.partial));
}

TEST_CASE("sqlite: wherever the disk fails a backup, there is none, and the store goes on") {
  int failed = 0;
  for (bool more = true; more;) {
    faulty_disk disk; // outlives what is opened on it
    backup_place here;
    disk.fail({.call = failed + 1, .stays = true});
    const auto made = here.back_up();
    more = disk.failed() != 0;
    disk.repair();
    CHECK(made.has_value() == fs::exists(here.copy));
    CHECK((made.has_value() || more));
    here.append(50);
    if (!made) must(here.back_up());
    CHECK(must(open_sqlite_store(here.copy))->head().value() >= position{200});
    failed += more ? 1 : 0;
    if (failed > 3) failed += 40; // there are hundreds of pages
  }
  CHECK(failed > 3);
}

TEST_CASE("sqlite: a store of an older version is copied as it is") {
  const temporary_folder folder;
  const auto file = folder.path() / "old.db";
  const auto copy = folder.path() / "copy.db";
  run_sql(file, content_of(fs::path{SKALD_GOLDEN} / "sqlite_2.sql"));
  const auto report = must(back_up_sqlite_store(file, copy));
  CHECK_FALSE(report.found);
  CHECK(run_sql(copy, "PRAGMA user_version") == "2");
  CHECK(run_sql(file, "PRAGMA user_version") == "2");
  CHECK(must(open_sqlite_store(copy))->head().value() == position{10});
}
