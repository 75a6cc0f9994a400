#include <doctest/doctest.h>
#include <tests/tools/program.hpp>

using namespace skald_program;
namespace fs = std::filesystem;

TEST_CASE("backup makes a store of a store, and says how large it is") {
  const small_store from;
  const auto file = (from.backend.folder.path() / "backup.db").string();
  const auto made = said({"backup", file, "--store", from.url});
  CHECK(made == "{\"bytes\":" + std::to_string(fs::file_size(file)) + ",\"events\":3}\n");
  CHECK(said({"export", "--store", "sqlite:" + file}) == said({"export", "--store", from.url}));
  const auto table = said({"backup", file + "2", "--store", from.url, "--table"});
  CHECK_MESSAGE(table.ends_with(" bytes and 3 events: nothing is missing or changed\n"), table);
}

TEST_CASE("backup shows its progress in pages, and leaves nothing when it is interrupted") {
  const small_store from;
  const auto file = (from.backend.folder.path() / "backup.db").string();
  said({"load", "--store", from.url, "--events", "3000"}); // more pages than are copied at once
  const auto ended = run({"backup", file, "--store", from.url}, {.err_is_terminal = true, .stopped = true});
  CHECK(ended.status == 130);
  CHECK_MESSAGE(ended.err.find("copied 64 pages") != std::string::npos, ended.err);
  CHECK_MESSAGE(ended.err.find("interrupted: nothing of the backup is left") != std::string::npos, ended.err);
  CHECK_FALSE(fs::exists(file));
}

TEST_CASE("backup tells what to do for stores that are not in a file, and never replaces one") {
  const small_store from;
  const auto ended = run({"backup", "x.db", "--store", "memory:"});
  CHECK(ended.status == 2);
  CHECK_MESSAGE(ended.err.find("pg_dump") != std::string::npos, ended.err);
  const auto file = from.backend.folder.path() / "backup.db";
  write(file, "something else");
  const auto refused = run({"backup", file.string(), "--store", from.url});
  CHECK(refused.status == 2);
  CHECK(text_of(file) == "something else");
}

TEST_CASE("new-epoch begins an epoch of the same store, and says which") {
  small_store there;
  const auto before = skald::test::must(there.backend.open({})->identity());
  const auto made = said({"new-epoch", "--store", there.url});
  const auto after = skald::test::must(there.backend.open({})->identity());
  CHECK(after.id == before.id);
  CHECK(after.epoch != before.epoch);
  CHECK(made == R"({"id":")" + after.id.str() + R"(","epoch":")" + after.epoch.str() + "\"}\n");
  CHECK(
    said({"new-epoch", "--store", there.url, "--table"}).ends_with("read models that lie outside of it start anew\n"));
  const auto none = run({"new-epoch", "--store", there.url + "-none"});
  CHECK(none.status == 1);
  CHECK_MESSAGE(none.err.find("no such file") != std::string::npos, none.err);
}
