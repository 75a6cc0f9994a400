#include <skald/store/sqlite_store.hpp>

#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>
#include <tests/store/faulty_disk.hpp>
#include <tests/store/files.hpp>
#include <tests/store/mounted.hpp>
#include <tests/store/sql.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>

using namespace skald;
using namespace skald::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t events = 100;

/// Makes a store whose newest events are in its last pages.
void make_store(const fs::path& file) {
  const auto store = must(open_sqlite_store(file));
  for (std::uint64_t n = 1; n <= events; ++n)
    must(store->append(request("a", any, {{"thing:happened", '"' + std::string(1000, 'x') + '"', id(n)}})));
}

bool mentions(const verification& found, const std::string& words) {
  return std::ranges::any_of(found.problems,
                             [&](const problem& p) { return p.message.find(words) != std::string::npos; });
}

/// The page on which the newest event is.
std::size_t newest_page(const std::string& content) { return content.rfind(std::string(900, 'x')) / 4096 * 4096; }

} // namespace

TEST_CASE("sqlite: a store whose newest page is damaged is not opened, and verified all the same") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  make_store(file);
  auto content = content_of(file);
  bool cut = false;
  SUBCASE("overwritten") { content.replace(newest_page(content), 4096, std::string(4096, '\x5a')); }
  SUBCASE("of zeros") { content.replace(newest_page(content), 4096, std::string(4096, '\0')); }
  SUBCASE("cut in its middle") {
    content.resize(newest_page(content) + 2048);
    cut = true;
  }
  write_file(file, content);
  const auto opened = open_sqlite_store(file);
  CHECK((cut || code_of(opened) == errc::open_failed));
  const auto found = must(verify_sqlite_store(file));
  CHECK_FALSE(found.sound());
  CHECK(found.records > events / 2);
  CHECK(found.records <= events);
  CHECK((cut || mentions(found, "cannot be read")));
  CHECK(content_of(file) == content); // it changes nothing
}

TEST_CASE("sqlite: a store on a full disk, or that may only be read, is verified") {
  const temporary_folder folder;
  on_file_system_of(2048, folder.path(), [&] {
    const auto file = folder.path() / "file.db";
    make_store(file);
    {
      std::ofstream filler{folder.path() / "filler"};
      while (filler << std::string(4096, 'f') && filler.flush()) {
      }
    }
    if (open_sqlite_store(file)) return 1; // it needs room for its log
    const auto full = verify_sqlite_store(file);
    if (!full || !full->sound() || full->records != events) return 2;
    fs::remove(folder.path() / "filler");
    if (::mount("none", folder.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, "size=2048k") != 0) return 3;
    if (open_sqlite_store(file)) return 4;
    const auto read_only = verify_sqlite_store(file);
    return read_only && read_only->sound() && read_only->records == events ? 0 : 5;
  });
}

TEST_CASE("sqlite: where a log cannot be read, a verification says that newer events may be there alone") {
  const temporary_folder folder;
  on_file_system_of(4096, folder.path(), [&] {
    const auto file = folder.path() / "file.db";
    const auto copy = folder.path() / "copy.db";
    {
      const auto store = open_sqlite_store(file);
      if (!store || !(*store)->append(request("a", no_stream, some_events(1, 3)))) return 1;
      fs::copy_file(file, copy); // with its log, as after a crash
      fs::copy_file(file.string() + "-wal", copy.string() + "-wal");
    }
    if (::mount("none", folder.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, "size=4096k") != 0) return 2;
    const auto found = verify_sqlite_store(copy);
    if (found) return mentions(*found, "-wal' cannot be read where the file is now") ? 0 : 3;
    return found.error().message.find("copy.db") != std::string::npos ? 0
                                                                      : 4; // not even its tables are in the file yet
  });
}

TEST_CASE("sqlite: a verification goes on after pages that the disk cannot read") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  make_store(file);
  int failed = 0;
  for (int call = 1; call < 40; ++call) {
    CAPTURE(call);
    faulty_disk disk;
    disk.fail({.calls = read_database, .call = call}); // one page, once
    const auto found = verify_sqlite_store(file);
    if (disk.failed() == 0) break;
    ++failed;
    if (found)
      CHECK((found->sound() || mentions(*found, "the file may be whole") ||
             mentions(*found, "could not all be looked at")));
    else
      CHECK_MESSAGE(found.error().message.find("the file may be whole") != std::string::npos, found.error().message);
  }
  CHECK(failed > 10);
  CHECK(must(verify_sqlite_store(file)).sound());
}

TEST_CASE("sqlite: files that are no store are not verified, and it is said why") {
  const temporary_folder folder;
  const auto refused = [](const result<verification>& found, errc code, const std::string& words) {
    CHECK(code_of(found) == code);
    if (!found) CHECK_MESSAGE(found.error().message.find(words) != std::string::npos, found.error().message);
  };
  refused(verify_sqlite_store(""), errc::invalid_argument, "empty");
  refused(verify_sqlite_store(folder.path() / "none"), errc::open_failed, "no such file");
  write_file(folder.path() / "text", std::string(5000, 'x'));
  refused(verify_sqlite_store(folder.path() / "text"), errc::open_failed, "not a database");
  run_sql(folder.path() / "old", content_of(fs::path{SKALD_GOLDEN} / "sqlite_1.sql"));
  refused(verify_sqlite_store(folder.path() / "old"), errc::open_failed, "open it once with this skald");
  CHECK(run_sql(folder.path() / "old", "PRAGMA user_version") == "1");
  const auto odd = folder.path() / "a?b#c%20.db"; // which SQLite must not take for an URI
  make_store(odd);
  CHECK(must(verify_sqlite_store(odd)).records == events);
}
