#include <sqlite3.h>
#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>
#include <tests/store/faulty_disk.hpp>
#include <tests/store/files.hpp>
#include <tests/store/mounted.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace fs = std::filesystem;

namespace {

using store_pointer = std::unique_ptr<event_store>;

store_pointer open(const fs::path& file, durability kept = durability::full) {
  store_options options;
  options.wall = manual_clock{};
  options.durability = kept;
  return must(open_sqlite_store(file, options));
}

/// SQLite's own access to files, but that no wait for locks takes time. What is opened while it lives waits so, and
/// is closed before it ends. Only for one thread: SQLite tries for a lock a bounded number of times, which no other
/// thread outruns.
class instant_waits {
public:
  instant_waits() {
    total_ = longest_ = {};
    vfs_.zName = "instant waits";
    vfs_.xSleep = [](sqlite3_vfs*, int microseconds) {
      const std::chrono::microseconds asked{microseconds};
      total_ += asked;
      longest_ = std::max(longest_, asked);
      return microseconds;
    };
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~instant_waits() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  instant_waits(const instant_waits&) = delete;
  instant_waits& operator=(const instant_waits&) = delete;

  /// How long SQLite would have waited, and at most at a time.
  [[nodiscard]] static std::chrono::microseconds total() { return total_; }
  [[nodiscard]] static std::chrono::microseconds longest() { return longest_; }

private:
  inline static std::chrono::microseconds total_{0};
  inline static std::chrono::microseconds longest_{0};
  sqlite3_vfs* real_ = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs_ = *real_;
};

new_event large_event(std::uint64_t number, std::size_t bytes) {
  return {"thing:happened", '"' + std::string(bytes, 'x') + '"', id(number)};
}

bool says(const error& why, std::string_view words) { return why.message.find(words) != std::string::npos; }

/// Whether this is the refusal of a store that a fault of its disk has made read-only.
bool refused_as_read_only(const error& why, std::string_view because) {
  return why.code == errc::read_only && why.outcome == outcome::not_written && says(why, because) &&
         says(why, "open the store again");
}

/// What each function that writes answers.
std::vector<error> errors_of_writes(event_store& store) {
  const auto error_of = [](const auto& answer) { return answer ? error{} : answer.error(); };
  const checkpoint_update update{"p", position{1}, {}};
  const auto s = folded(store, {"totals", stream("a")});
  return {error_of(store.append(request("a", any, {an_event(900)}))),
          error_of(store.append(request("b", no_stream, some_events(901, 2)))),
          error_of(store.append(request("a", exactly(9), {}))),
          error_of(store.hydrate(std::vector{foreign(902, "a", at(1))})),
          error_of(store.register_projection("q", {})),
          error_of(store.save(std::span{&update, 1})),
          error_of(store.save_snapshots(std::span{&s, 1})),
          error_of(store.remove_snapshot(s.key)),
          error_of(store.rewind("p", position{}))};
}

} // namespace

TEST_CASE("sqlite: after a fault of the disk a store can only be read, until it is opened again") { // B.31
  struct row {
    const char* name;
    disk_fault fault;
    outcome fate;
    const char* says;
    const char* advice;
  };
  const row rows[] = {
    {"full", {write_log, SQLITE_FULL}, outcome::not_written, "disk is full", "make room"},
    {"a write error", {write_log, SQLITE_IOERR_WRITE}, outcome::not_written, "disk I/O error", "are sound"},
    {"read-only", {write_log, SQLITE_READONLY}, outcome::not_written, "readonly database", "read and write it"},
    {"not synced", {sync_log, SQLITE_IOERR_FSYNC}, outcome::unknown, "disk I/O error", "are sound"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const temporary_folder folder;
    const auto file = folder.path() / "file.db";
    faulty_disk disk;
    auto store = open(file);
    must(store->register_projection("p", {}));
    must(store->append(request("a", no_stream, some_events(1, 3))));
    const auto before = read_all(*store);

    disk.fail(row.fault); // this one call
    const auto failed = store->append(request("a", exactly(3), {an_event(4)}));
    REQUIRE(disk.failed() == row.fault.calls);
    REQUIRE(code_of(failed) == errc::insertion_failed);
    CHECK(failed.error().outcome == row.fate);
    for (const auto* words : {file.c_str(), row.says, row.advice, "open the store again"})
      CHECK_MESSAGE(says(failed.error(), words), failed.error().message);

    const auto calls = disk.count(all_disk_calls);
    for (const auto& refusal : errors_of_writes(*store))
      CHECK_MESSAGE(refused_as_read_only(refusal, row.says), to_string(refusal.code), ": ", refusal.message);
    CHECK(disk.count(all_disk_calls) == calls); // a sync that has failed is not asked for again

    CHECK((read_all(*store) == before));
    CHECK((read_stream(*store, "a") == before));
    CHECK_FALSE(must(store->find(id(4))));
    CHECK(must(store->status(before[0])).exists);
    CHECK(must(store->head()) == position{3});
    CHECK(must(store->revision_of(stream("a"))) == revision{3});
    CHECK_FALSE(must(store->appended_elsewhere()));

    store.reset();
    CHECK(disk.count(all_disk_calls) == calls);
    store = open(file);
    const auto after = read_all(*store);
    CHECK((std::vector(after.begin(), after.begin() + 3) == before));
    const auto again = must(store->append(request("a", exactly(3), {an_event(4)}))); // whether it is there or not
    CHECK(again.last == position{4});
    for (const auto& refusal : errors_of_writes(*store))
      CHECK(refusal.code == (refusal.message.empty() ? errc::none : errc::wrong_expected_revision));
  }
}

TEST_CASE("sqlite: a reader that gets no turn at the log says that another process may keep it") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  const instant_waits waits;
  auto store = open(file);
  must(store->append(request("a", no_stream, some_events(1, 3))));
  const int log_index = ::open((file.string() + "-shm").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(log_index >= 0);
  struct flock marks_of_readers{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 123, .l_len = 5, .l_pid = 0};
  REQUIRE(::fcntl(log_index, F_OFD_SETLK, &marks_of_readers) == 0); // as another process does for a moment
  const auto late = store->read(stream_query{stream("a")});
  CHECK(code_of(late) == errc::read_failed);
  CHECK_MESSAGE(says(late.error(), "another process keeps the file locked: try again"), late.error().message);
  CHECK(instant_waits::total() > std::chrono::seconds{5});
  marks_of_readers.l_type = F_UNLCK;
  REQUIRE(::fcntl(log_index, F_OFD_SETLK, &marks_of_readers) == 0);
  CHECK(must(store->read(stream_query{stream("a")})).records.size() == 3);
  store.reset();
  ::close(log_index);
}

TEST_CASE("sqlite: what a disk cannot read is not taken for damage, until the file was opened again") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  faulty_disk disk;
  std::uint64_t n = 0;
  std::uint64_t stored = 0;
  const auto expect_no_damage = [](const error& why, errc code) {
    CHECK(why.code == code);
    CHECK_FALSE_MESSAGE(says(why, "restore"), why.message);
    CHECK_MESSAGE(says(why, "the disk and its file system are sound"), why.message);
  };
  for (const auto kind : {read_log, read_database})
    for (int call = 1, failed = 1; failed != 0; ++call) {
      CAPTURE(kind);
      CAPTURE(call);
      store_options verified;
      verified.verify_reads = true;
      auto store = must(open_sqlite_store(file, verified));
      if (stored == 0) {
        must(store->append(request("a", no_stream, {large_event(++n, 100'000), large_event(++n, 100'000)})));
        stored = 2;
      }
      if (kind == read_database) { // which has all pages once the log was moved into it
        store.reset();
        store = must(open_sqlite_store(file, verified));
      }
      disk.fail({.calls = kind, .call = call, .stays = true});
      const auto read = store->read(all_query{});
      const auto appended = store->append(request("a", exactly(stored), {an_event(++n)}));
      const auto again = store->read(all_query{});
      failed = static_cast<int>(disk.failed());
      if (!read) expect_no_damage(read.error(), errc::read_failed);
      if (!again) expect_no_damage(again.error(), errc::read_failed);
      if (!appended) expect_no_damage(appended.error(), errc::insertion_failed);
      if (appended) ++stored;
      disk.repair();
      CHECK(must(store->read(all_query{})).records.size() == stored); // the file is whole
      REQUIRE(call < 300);
    }
}

TEST_CASE("sqlite: damage is reported as damage, although the disk has failed before") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  faulty_disk disk;
  {
    const auto store = open(file);
    must(store->append(request("a", no_stream, {large_event(1, 400'000), an_event(2)})));
  }
  auto content = content_of(file);
  for (std::size_t page = 0; page < content.size(); page += 4096) // of the large event, which fills several
    if (content.find(std::string(4000, 'x'), page) < page + 4096) content.replace(page, 20, "damage damage damage");
  write_file(file, content);
  const auto store = open(file);
  disk.fail({.calls = read_database});
  const auto first = store->read(all_query{});
  REQUIRE(disk.failed() == read_database);
  CHECK(code_of(first) == errc::read_failed);
  const auto second = store->read(all_query{}); // by a reader that has opened the file again
  CHECK(code_of(second) == errc::corrupt);
  CHECK_MESSAGE(says(second.error(), "restore the file from a backup"), second.error().message);
}

TEST_CASE("sqlite: a commit that runs out of memory may have been written, and says so") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  faulty_disk disk;
  auto store = open(file);
  must(store->append(request("a", no_stream, some_events(1, 3))));
  disk.fail({.calls = sync_log, .code = SQLITE_NOMEM}); // as the index of the log, which grows after the sync
  const auto failed = store->append(request("a", exactly(3), {an_event(4)}));
  REQUIRE(disk.failed() == sync_log);
  CHECK(code_of(failed) == errc::insertion_failed);
  CHECK(failed.error().outcome == outcome::unknown);
  CHECK_MESSAGE(says(failed.error(), "free some memory and try again"), failed.error().message);
  disk.fail({.calls = write_log, .code = SQLITE_NOMEM}); // the mark is not there yet, but nobody can know
  CHECK(store->append(request("a", exactly(3), {an_event(4)})).error().outcome == outcome::unknown);
  CHECK(must(store->append(request("a", exactly(3), {an_event(4)}))).last ==
        position{4}); // memory is no fault of the disk
  store.reset();
  CHECK(read_all(*open(file)).size() == 4);
}

TEST_CASE("sqlite: what is no fault of the disk leaves a store as it was") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  const instant_waits waits;
  const auto store = open(file);
  must(store->append(request("a", no_stream, some_events(1, 3))));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto late = store->append(request("a", any, {an_event(4)}));
  CHECK(code_of(late) == errc::insertion_failed);
  CHECK(late.error().outcome == outcome::not_written);
  CHECK_MESSAGE(says(late.error(), "another process keeps the file locked: try again"), late.error().message);
  // It looks often enough to get its turn between the commits of a process that writes all the time.
  CHECK(instant_waits::total() == std::chrono::seconds{5});
  CHECK(instant_waits::longest() == std::chrono::milliseconds{1});
  CHECK(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  CHECK(code_of(store->append(request("a", no_stream, {an_event(5)}))) == errc::wrong_expected_revision);
  CHECK(code_of(store->append(request("a", any, {an_event(1, "other")}))) == errc::duplicate_event);
  CHECK(code_of(door::open(*store, [](event_store::transaction&) -> result<void> {
          throw failure{errc::corrupt, "a record that cannot be"};
        })) == errc::corrupt);
  must(store->append(request("a", exactly(3), {an_event(6)})));
}

TEST_CASE("sqlite: whatever call to the disk fails, an answer is true and nothing acknowledged is lost") { // B.31
  bool stays = false;
  SUBCASE("once") {}
  SUBCASE("until it is repaired") { stays = true; }
  CAPTURE(stays);
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  faulty_disk disk;
  std::uint64_t n = 0;
  std::uint64_t stored = 0;
  const auto fail_call = [&](unsigned kind, int call) {
    CAPTURE(kind);
    CAPTURE(call);
    auto store = open(file);
    disk.fail({.calls = kind, .call = call, .stays = stays});
    error why; // of the first append that was not acknowledged
    for (int appends = 0; why.code == errc::none; ++appends) {
      REQUIRE(appends < 100);
      const auto answer = store->append(request("a", exactly(stored), {an_event(++n), large_event(++n, 400'000)}));
      if (answer)
        stored += 2;
      else
        why = answer.error();
    }
    REQUIRE(disk.failed() == kind);
    CHECK(why.code == errc::insertion_failed);
    CHECK(why.outcome == (kind == sync_log ? outcome::unknown : outcome::not_written));
    disk.repair();
    CHECK(must(store->head()) == position{stored});
    CHECK_FALSE(must(store->find(id(n))));
    CHECK(code_of(store->append(request("a", any, {an_event(n + 1)}))) == errc::read_only);
    store.reset();

    store = open(file);
    if (why.outcome == outcome::unknown && must(store->find(id(n)))) stored += 2;
    CHECK(must(store->head()) == position{stored});
    CHECK(must(store->append(request("a", exactly(stored), {an_event(++n)}))).last == position{stored + 1});
    ++stored;
  };
  for (int call = 1; call <= 300; call += 1 + call / 4) fail_call(write_log, call); // an append makes some 220
  for (int call = 1; call <= 300; call += 1 + call) fail_call(write_database, call); // when the log is moved
  for (int call = 1; call <= 3; ++call) fail_call(sync_log, call);
  for (int call = 1; call <= 2; ++call) fail_call(sync_database, call);
  const auto store = open(file);
  CHECK(read_all(*store).size() == stored);
  CHECK(must(store->revision_of(stream("a"))) == revision{stored});
}

TEST_CASE("sqlite: a log that could not be synced is not built upon when the store is opened again") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  child_process writer{[&] {
    faulty_disk disk;
    const auto store = open(file);
    must(store->append(request("a", no_stream, some_events(1, 3))));
    disk.fail({sync_log});
    return code_of(store->append(request("a", any, {an_event(4)}))) == errc::insertion_failed ? 0 : 1;
  }};
  REQUIRE(writer.wait() == 0);
  const auto log = file.string() + "-wal";
  REQUIRE(fs::file_size(log) > 0); // the disk may not have all of it, which no sync would tell any more
  faulty_disk disk;
  const auto store = open(file);
  CHECK(fs::file_size(log) == 0);
  CHECK(disk.count(sync_database) > 0);
  CHECK(read_all(*store).size() >= 3);
}

TEST_CASE("sqlite: an acknowledged append is synced under full, and under relaxed only when the log is moved, as are "
          "snapshots") {
  struct row {
    const char* name;
    durability kept;
    int syncs_of_log;
  };
  for (const auto& row : {row{"full", durability::full, 100}, row{"relaxed", durability::relaxed, 0}}) {
    CAPTURE(row.name);
    const temporary_folder folder;
    const auto file = folder.path() / "file.db";
    const faulty_disk disk;
    auto store = open(file, row.kept);
    must(store->append(request("a", no_stream, {an_event(1)})));
    const auto log = disk.count(sync_log);
    const auto database = disk.count(sync_database);
    for (std::uint64_t n = 2; n <= 101; ++n) {
      must(store->append(request("a", any, {an_event(n)})));
      const auto s = folded(*store, {"totals", stream("a")}); // which may be lost
      must(store->save_snapshots(std::span{&s, 1}));
    }
    CHECK(disk.count(sync_log) - log == row.syncs_of_log);
    CHECK(disk.count(sync_database) == database);
    for (std::uint64_t n = 102; n <= 107; ++n) must(store->append(request("a", any, {large_event(n, 5 << 20)})));
    CHECK(disk.count(sync_log) > log); // before the pages go from the log into the database
    CHECK(disk.count(sync_database) > database);
    CHECK(read_all(*store).size() == 107);
  }
}

TEST_CASE("sqlite: four large transactions share a move of the log into the database, fewer if they are very large") {
  struct row {
    std::size_t mebibytes;
    std::uint64_t transactions; // the last one finds a log that is long enough
    int moves;
  };
  for (const auto& row : {row{5, 9, 2}, row{15, 7, 2}}) {
    CAPTURE(row.mebibytes);
    const temporary_folder folder;
    const faulty_disk disk;
    const auto store = open(folder.path() / "file.db", durability::relaxed);
    const auto before = disk.count(sync_database);
    for (std::uint64_t n = 1; n <= row.transactions; ++n)
      must(store->append(request("a", any, {large_event(n, row.mebibytes << 20)})));
    CHECK(disk.count(sync_database) - before == row.moves);
  }
}

TEST_CASE("sqlite: a relaxed store keeps what was acknowledged when its process is killed") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  number_pipe answers;
  child_process writer{[&] {
    const auto store = open(file, durability::relaxed);
    for (std::uint64_t n = 1; store->append(request("a", any, {an_event(n)})); ++n) answers.write(n);
    return 1;
  }};
  answers.close_writer();
  std::uint64_t acknowledged = 0;
  while (acknowledged < 50) acknowledged = answers.read().value();
  writer.kill();
  while (const auto n = answers.read()) acknowledged = *n;
  CHECK(writer.wait() == -SIGKILL);
  const auto all = read_all(*open(file, durability::relaxed));
  CHECK(all.size() >= acknowledged);
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i].id == id(i + 1));
}

TEST_CASE("sqlite: a full disk refuses appends, keeps what was acknowledged, and works again with more room") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  on_file_system_of(1024, folder.path(), [&] {
    const auto ballast = folder.path() / "ballast";
    std::ofstream{ballast} << std::string(400 << 10, '.');
    auto store = open(file);
    error why;
    std::uint64_t acknowledged = 0;
    while (why.code == errc::none) {
      const auto answer = store->append(request("a", exactly(acknowledged), {large_event(acknowledged + 1, 10'000)}));
      if (answer)
        ++acknowledged;
      else
        why = answer.error();
    }
    if (why.code != errc::insertion_failed || !says(why, "make room on the disk")) return 1;
    if (acknowledged < 5 || read_all(*store).size() != acknowledged) return 2;
    fs::remove(ballast);
    for (const auto& refusal : errors_of_writes(*store))
      if (!refused_as_read_only(refusal, "is full")) return 3;
    if (read_stream(*store, "a").size() != acknowledged) return 4;
    store = nullptr;
    store = open(file);
    if (why.outcome == outcome::unknown && must(store->find(id(acknowledged + 1)))) ++acknowledged;
    if (read_all(*store).size() != acknowledged) return 5;
    must(store->append(request("a", exactly(acknowledged), {an_event(acknowledged + 1)})));
    return 0;
  });
}

TEST_CASE("sqlite: a limit of the system for files is a fault like that of a disk") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  child_process writer{[&] {
    std::signal(SIGXFSZ, SIG_IGN);
    auto store = open(file);
    must(store->append(request("a", no_stream, some_events(1, 1))));
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 256 * 1024;
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const std::vector<append_request> group{request("a", any, {an_event(3)}),
                                            request("b", any, {large_event(2, 1 << 20)}),
                                            request("a", exactly(9), {an_event(4)})};
    for (const auto& answer : store->append(group)) {
      if (code_of(answer) != errc::insertion_failed) return 2;
      if (answer.error().outcome != outcome::not_written) return 3;
      if (!says(answer.error(), "I/O error") || !says(answer.error(), file.string())) return 4;
      if (!says(answer.error(), "raise the limit for files")) return 9;
    }
    if (must(store->head()) != position{1} || must(store->find(id(3)))) return 5;
    if (code_of(store->append(request("a", exactly(1), {an_event(5)}))) != errc::read_only) return 6;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 7;
    if (code_of(store->append(group[0])) != errc::read_only) return 8;
    store.reset();
    store = open(file);
    for (const auto& answer : store->append(std::span{group}.first(2)))
      if (!answer) return 9;
    return 0;
  }};
  CHECK(writer.wait() == 0);
  const auto store = open(file);
  std::vector<event_id> ids;
  for (const auto& r : read_all(*store)) ids.push_back(r.id);
  CHECK(ids == std::vector{id(1), id(3), id(2)});
}

TEST_CASE("sqlite: a store on a read-only file system is refused, and is there again once that can be written") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  on_file_system_of(1024, folder.path(), [&] {
    must(open(file)->append(request("a", no_stream, some_events(1, 3))));
    const auto remount = [&](unsigned long flags) {
      return ::mount("none", folder.path().c_str(), nullptr, MS_REMOUNT | flags, "size=1024k") == 0;
    };
    if (!remount(MS_RDONLY)) return 1;
    const auto refused = open_sqlite_store(file);
    if (code_of(refused) != errc::open_failed || !says(refused.error(), "may only be read")) return 2;
    if (!remount(0)) return 3;
    const auto store = open(file);
    must(store->append(request("a", exactly(3), {an_event(4)})));
    return read_all(*store).size() == 4 ? 0 : 4;
  });
}

TEST_CASE(
  "sqlite: where the file system turns read-only nothing is appended, and reads go on, also on new connections") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  on_file_system_of(1024, folder.path(), [&] {
    faulty_disk disk;
    const auto store = open(file); // which has not read yet
    must(store->append(request("a", no_stream, some_events(1, 3))));
    // Whoever opens a file from now on may only read it, and the disk says so to those that are open already.
    const auto* const over = folder.path().c_str();
    if (::mount(over, over, nullptr, MS_BIND, nullptr) != 0) return 1;
    if (::mount("none", over, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) return 2;
    if (std::ofstream{folder.path() / "other"}) return 3;
    disk.fail({.calls = all_disk_calls, .code = SQLITE_IOERR_WRITE, .stays = true});
    const auto failed = store->append(request("a", any, {an_event(4)}));
    if (code_of(failed) != errc::insertion_failed || !says(failed.error(), "file system can only be read")) return 4;
    for (const auto& refusal : errors_of_writes(*store))
      if (!refused_as_read_only(refusal, "file system can only be read")) return 5;
    if (read_all(*store).size() != 3 || read_stream(*store, "a").size() != 3) return 6;
    return must(store->find(id(4))) ? 7 : 0;
  });
}
