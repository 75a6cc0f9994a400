#include <benchmarks/fixtures.hpp>

#include <doctest/doctest.h>
#include <tests/store/sql.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace {

using bench::plain_sqlite;

constexpr std::size_t events = 40;

/// A store with some events in three streams, written through the port.
struct filled {
  filled() { file.fill(names, events); }

  skald::test::temporary_folder folder;
  std::vector<skald::stream_id> names = bench::random_names(3);
  bench::store_file file{folder.path()};
};

TEST_CASE_FIXTURE(filled, "a store that does not hold what a benchmark has written is told") {
  CHECK_NOTHROW(bench::must_hold(*file.open(), events));
  CHECK_THROWS_WITH_AS(bench::must_hold(*file.open(), events + 1), "records of a store: 40 instead of 41",
                       std::runtime_error);
  skald::test::run_sql(file.path(), "UPDATE skald_events SET data = '{}' WHERE position = 7");
  CHECK_THROWS_WITH_AS(bench::must_hold(*file.open(), events), doctest::Contains("a store is not sound: "),
                       std::runtime_error);
}

TEST_CASE("plain SQLite and the port write what skald finds sound, whether ids come from outside or not") {
  const skald::test::temporary_folder folder;
  for (const auto ids : {plain_sqlite::ids::made, plain_sqlite::ids::given})
    CHECK(bench::plain_groups(folder.path(), 3, events, 16, ids) > bench::seconds::zero());
  CHECK_THROWS_WITH_AS((void)bench::on_new_store(folder.path(), events, [](const auto&) { return bench::seconds{1}; }),
                       "records of a store: 0 instead of 40", std::runtime_error);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE_FIXTURE(filled, "plain SQLite goes on in a store that skald has written, and skald behind it") {
  plain_sqlite db{file.path(), plain_sqlite::use::appending};
  CHECK(db.head() == events);
  db.append(std::vector{&names[1], &names[2], &names[1]}, bench::sample_data);
  CHECK(db.head() == events + 3);
  (void)bench::port_groups(*file.open(), names, 5, 2);
  db.append(std::vector{&names[2]}, bench::sample_data);
  bench::must_hold(*file.open(), events + 9);
}

TEST_CASE_FIXTURE(filled, "plain SQLite's log grows to the length that it is given before it starts again") {
  const auto log_after_appends = [&](int pages_in_log) {
    plain_sqlite db{file.path(), plain_sqlite::use::appending, pages_in_log};
    for (std::size_t i = 0; i < events; ++i) db.append(std::vector{&names[0]}, bench::sample_data);
    return std::filesystem::file_size(file.path().string() + "-wal");
  };
  const auto short_log = log_after_appends(10);
  CHECK(short_log < 20 * 4096);
  CHECK(log_after_appends(plain_sqlite::default_pages_in_log) > 2 * short_log);
}

TEST_CASE_FIXTURE(filled, "plain SQLite refuses a file whose settings are not skald's") {
  skald::test::run_sql(file.path(), "PRAGMA journal_mode = DELETE");
  CHECK_THROWS_WITH_AS((plain_sqlite{file.path(), plain_sqlite::use::appending}),
                       "plain SQLite: journal_mode is not wal", std::runtime_error);
}

TEST_CASE_FIXTURE(filled, "reading less than everything is told, of skald and of its floor") {
  const bench::history written{3000};
  file.fill(written.streams(), 1000);
  const auto store = file.open();
  plain_sqlite db{file.path(), plain_sqlite::use::reading};
  CHECK_THROWS_AS((void)written.read_all(*store), std::runtime_error);
  CHECK_THROWS_AS((void)written.read_streams(*store, 2), std::runtime_error);
  CHECK_THROWS_WITH_AS((void)written.read_all_plainly(db), "records that were read plainly: 1040 instead of 3000",
                       std::runtime_error);
  CHECK_THROWS_AS((void)written.read_streams_plainly(db, 2), std::runtime_error);
}

TEST_CASE("history is read whole, as far as its streams differ in length") {
  const skald::test::temporary_folder folder;
  const bench::store_file file{folder.path()};
  const bench::history written{2500};
  file.fill(written.streams(), written.events());
  const auto store = file.open();
  plain_sqlite db{file.path(), plain_sqlite::use::reading};
  for (const std::size_t streams : {1, 2, 5}) {
    CHECK_NOTHROW((void)written.read_streams(*store, streams));
    CHECK_NOTHROW((void)written.read_streams_plainly(db, streams));
  }
  CHECK_NOTHROW((void)written.read_all(*store));
  CHECK_NOTHROW((void)written.read_all_plainly(db));
}

} // namespace
