#include <doctest/doctest.h>
#include <examples/fines/log.hpp>
#include <tests/child.hpp>
#include <tests/store/contract.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <tuple>
#include <variant>
#include <vector>

namespace {

namespace fs = std::filesystem;
using output = child::process::output;
using words = std::vector<std::string>;

const fs::path program = SKALD_FINES_PROGRAM;
const fs::path sample = SKALD_FINES_SAMPLE;

/// Lines of progress that a first run writes at least: the begin and each tenth of checking, and of importing.
constexpr unsigned lines_of_checking = 11;
constexpr unsigned lines_of_progress = 2 * lines_of_checking;

std::string text_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const fs::path& file, const std::string& text) { std::ofstream{file, std::ios::binary} << text; }

using contents = std::map<std::string, std::string>;

contents contents_of(const fs::path& folder) {
  contents all;
  for (const auto& file : fs::directory_iterator{folder}) all[file.path().filename().string()] = text_of(file.path());
  return all;
}

/// What changes when somebody writes a file, even if with the same content.
auto traces_of(const fs::path& folder) {
  std::map<std::string, std::tuple<std::string, fs::file_time_type, ino_t>> all;
  for (const auto& file : fs::directory_iterator{folder}) {
    struct stat found{};
    REQUIRE(::stat(file.path().c_str(), &found) == 0);
    all[file.path().filename().string()] = {text_of(file.path()), file.last_write_time(), found.st_ino};
  }
  return all;
}

/// The table alone, without the lines below it that tell how the run went.
std::string table_in(const child::ended& run) { return run.out.substr(0, run.out.find("\n\n") + 1); }

/// Where the demo keeps its state.
struct place {
  skald::test::temporary_folder folder;
  fs::path store = folder.path() / "events.db";
  fs::path notices = folder.path() / "notices";
  std::string url = "sqlite:" + store.string();

  [[nodiscard]] words arguments(const fs::path& log, const words& more = {}) const {
    words all{"--store", url, "--data", folder.path().string(), log.string()};
    all.insert(all.begin(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] child::ended run(const fs::path& log, const words& more = {}) const {
    return child::process{program, arguments(log, more)}.wait();
  }
  [[nodiscard]] std::uint64_t events() const {
    if (!fs::exists(store)) return 0;
    return skald::test::must(skald::test::must(skald::open_sqlite_store(store, {}))->head()).value;
  }
};

/// What a first run that nothing disturbs says and leaves behind.
struct undisturbed {
  explicit undisturbed(const fs::path& log = sample) {
    const place here;
    const auto run = here.run(log);
    REQUIRE_MESSAGE(run.status == 0, run.err);
    table = table_in(run);
    notices = contents_of(here.notices);
  }
  std::string table;
  contents notices;
};

/// Runs to the end and finds nothing missing and nothing twice.
void check_recovers(const place& here, const undisturbed& expected, const fs::path& log = sample) {
  const auto run = here.run(log);
  CHECK_MESSAGE(run.status == 0, run.err);
  CHECK(table_in(run) == expected.table);
  CHECK(contents_of(here.notices) == expected.notices);
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The files of the notices that a log calls for, in the log's order.
words notices_for(const fs::path& log) {
  words files;
  for (const auto& line : skald::test::must(fines::read_log(log)).lines)
    if (std::holds_alternative<fines::penalty_added>(line.data) ||
        std::holds_alternative<fines::sent_to_collection>(line.data))
      files.push_back(line.id.str() + ".txt");
  return files;
}

} // namespace

TEST_CASE("the first run imports the log and writes one notice for each penalty and collection") {
  const place here;
  const auto run = here.run(sample);
  CHECK(run.status == 0);
  CHECK(holds(run.out, "Year "));
  CHECK(holds(run.out, "Total "));
  CHECK(holds(run.out, "events: 117 imported, 0 known, 117 in the table; "));
  CHECK(holds(run.out, "notices written: 19\n"));
  CHECK(holds(run.out, "running total: 24 of 24\n"));
  CHECK(std::ranges::count(run.err, '\n') >= lines_of_progress);

  auto expected = notices_for(sample);
  std::ranges::sort(expected);
  words found;
  for (const auto& [name, text] : contents_of(here.notices)) found.push_back(name);
  CHECK(found == expected);
}

TEST_CASE("the second run and a replay print the same table, import nothing and touch no notice") {
  const place here;
  const auto first = here.run(sample);
  REQUIRE(first.status == 0);
  const auto before = traces_of(here.notices);
  for (const auto& more : {words{}, words{"--replay"}, words{}}) {
    const auto again = here.run(sample, more);
    CHECK_MESSAGE(again.status == 0, again.err);
    CHECK(table_in(again) == table_in(first));
    CHECK(holds(again.out, "events: 0 imported, 117 known, 117 in the table; "));
    CHECK(holds(again.out, "notices written: 0\n"));
    CHECK(holds(again.out, "running total: 24 of 24\n"));
    CHECK(traces_of(here.notices) == before);
    CHECK(here.events() == 117);
  }
}

TEST_CASE("a log that has grown adds what is new in it") {
  const undisturbed expected;
  const place here;
  const auto log = here.folder.path() / "log.ndjson";
  std::istringstream all{text_of(sample)};
  std::string line, half;
  for (int i = 0; i < 60 && std::getline(all, line); ++i) half += line + '\n';
  write(log, half);
  CHECK(holds(here.run(log).out, "events: 60 imported, 0 known, 60 in the table; "));
  const auto run = here.run(sample);
  CHECK(holds(run.out, "events: 57 imported, 60 known, 117 in the table; "));
  CHECK(table_in(run) == expected.table);
  CHECK(contents_of(here.notices) == expected.notices);
}

TEST_CASE("a lost table is built again, without notices") {
  const place here;
  const auto first = here.run(sample);
  const auto before = traces_of(here.notices);
  REQUIRE(fs::remove(here.folder.path() / "fines-by-year.db"));
  const auto again = here.run(sample);
  CHECK(again.status == 0);
  CHECK(table_in(again) == table_in(first));
  CHECK(traces_of(here.notices) == before);
}

TEST_CASE("a table of another store is built again from this one") {
  const undisturbed expected;
  const place here;
  REQUIRE(here.run(sample).status == 0);
  const words forgetful{"--store", "memory:", "--data", here.folder.path().string(), sample.string()};
  const auto run = child::process{program, forgetful}.wait();
  CHECK_MESSAGE(run.status == 0, run.err);
  CHECK(table_in(run) == expected.table);
}

TEST_CASE("a log with a line that does not fit is refused whole, and the line is named") {
  struct row {
    std::string name;
    std::string line;
    std::string why;
  };
  const std::string stream = R"({"stream":"fine-new","created":"2016-04-20T22:00:00.000Z",)";
  const row rows[] = {
    {"no JSON", "not a line", "this is no JSON"},
    {"a missing field", R"({"stream":"fine-new"})", "the field 'type' is missing"},
    {"an unknown event type", stream + R"("type":"fine:lost","data":{}})", "the event type 'fine:lost' is unknown"},
    {"wrong data", stream + R"("type":"fine:sent","data":{"expense_cents":"6"}})",
     "expense_cents: expected an integer"},
    {"an empty stream id", R"({"stream":"","type":"fine:sent","created":"2016-04-20T22:00:00.000Z","data":{}})",
     "a stream id is empty"},
    {"an event that the fine refuses", stream + R"("type":"fine:sent","data":{"expense_cents":6}})",
     "'fine-new': the fine was not created yet"},
  };
  const undisturbed expected;
  for (const auto& r : rows) {
    CAPTURE(r.name);
    const place here;
    const auto bad = here.folder.path() / "bad.ndjson";
    write(bad, text_of(sample) + r.line + '\n');
    const auto line = bad.string() + ":118: ";

    const auto refused = here.run(bad);
    CAPTURE(refused.err);
    CHECK(refused.status == 1);
    CHECK(refused.out.empty());
    CHECK(holds(refused.err, "fines: " + line));
    CHECK(holds(refused.err, r.why));
    CHECK(holds(refused.err, "nothing of this log was imported"));
    CHECK(here.events() == 0);

    check_recovers(here, expected);
    const auto refused_again = here.run(bad);
    CHECK(refused_again.status == 1);
    CHECK(holds(refused_again.err, line));
    CHECK(here.events() == 117);
    CHECK(contents_of(here.notices) == expected.notices);
  }
}

TEST_CASE("what cannot be used is named, with status 1 for the world and 2 for the command line") {
  const place here;
  const auto folder = here.folder.path();
  const auto data = folder.string();
  const auto log = sample.string();
  const auto file = folder / "file";
  write(file, std::string(5000, 'x'));
  struct row {
    std::string name;
    words arguments;
    int status;
    words message;
  };
  const row rows[] = {
    {"a store that is no database",
     {"--store", "sqlite:" + file.string(), "--data", data, log},
     1,
     {"store '" + file.string() + "'", "file is not a database", "choose another file"}},
    {"a store in a missing folder",
     {"--store", "sqlite:" + (folder / "none" / "events.db").string(), "--data", data, log},
     1,
     {"none/events.db'", "No such file or directory", "see that its folder is there"}},
    {"a store below a file",
     {"--store", "sqlite:" + (file / "events.db").string(), "--data", data, log},
     1,
     {"file/events.db'", "Not a directory"}},
    {"an unknown kind of store", {"--store", "paper:", "--data", data, log}, 1, {"there is no store 'paper:'"}},
    {"missing data", {"--store", "memory:", "--data", (folder / "none").string(), log}, 1, {"none/fines-by-year.db'"}},
    {"a missing log", {"--store", "memory:", "--data", data, "none.ndjson"}, 1, {"'none.ndjson' cannot be read"}},
    {"a folder as the log", {"--store", "memory:", "--data", data, data}, 1, {"cannot be read: Is a directory"}},
    {"an unknown option", {"--reply", log}, 2, {"the option '--reply' is unknown; see 'fines --help'"}},
    {"no log", {}, 2, {"no log is given"}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    const auto run = child::process{program, r.arguments}.wait();
    CAPTURE(run.err);
    CHECK(run.status == r.status);
    CHECK(run.out.empty());
    CHECK(run.err.starts_with("fines: "));
    CHECK(std::ranges::count(run.err, '\n') == 1);
    for (const auto& part : r.message) CHECK_MESSAGE(holds(run.err, part), part);
  }
  CHECK(text_of(file) == std::string(5000, 'x'));
}

TEST_CASE("what is read-only is named, and nothing is lost") {
  const undisturbed expected;
  struct row {
    std::string name;
    std::string read_only; ///< in the folder of the state
    bool used_before;
    std::string message;
  };
  const row rows[] = {
    {"the folder", "", false, "can be written to"},
    {"the store", "events.db", true, "events.db'"},
    {"the table", "fines-by-year.db", true, "fines-by-year.db'"},
    {"the notices", "notices", false, "Permission denied"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    const place here;
    const auto log = here.folder.path() / "log.ndjson"; // which nobody may read
    fs::copy_file(sample, log);
    if (r.used_before) REQUIRE(here.run(log).status == 0);
    fs::create_directory(here.notices);
    for (const auto& file : fs::recursive_directory_iterator{here.folder.path()}) fs::permissions(file, fs::perms::all);
    fs::permissions(here.folder.path(), fs::perms::all);
    const auto target = !r.read_only.empty() ? here.folder.path() / r.read_only : here.folder.path();
    fs::permissions(target, fs::perms{0555});

    const auto run = child::process{program, here.arguments(log), output::read, true}.wait();
    CAPTURE(run.err);
    CHECK(run.status == 1);
    CHECK(run.out.empty());
    CHECK(holds(run.err, "fines: "));
    CHECK(holds(run.err, r.message));

    for (const auto& file : fs::recursive_directory_iterator{here.folder.path()}) fs::permissions(file, fs::perms::all);
    fs::permissions(target, fs::perms::all);
    check_recovers(here, expected);
  }
}

TEST_CASE("a notice that cannot be written fails the run, and the next one writes it") {
  const undisturbed expected;
  const auto files = notices_for(sample);
  REQUIRE(files.size() > 3);
  const place here;
  const auto obstacle = here.notices / files[files.size() / 2];
  fs::create_directories(obstacle);

  for (int times = 0; times < 2; ++times) {
    const auto run = here.run(sample);
    CAPTURE(run.err);
    CHECK(run.status == 1);
    CHECK(run.out.empty());
    CHECK(holds(run.err, "the notice '" + obstacle.string() +
                           "' cannot be written: Is a directory; what was done is "
                           "kept: put that right and run it again\n"));
  }
  CHECK(here.events() == 117);

  fs::remove(obstacle);
  check_recovers(here, expected);
}

TEST_CASE("a file in the place of the notices is named before anything is imported") {
  const undisturbed expected;
  const place here;
  write(here.notices, "not a folder");
  const auto run = here.run(sample);
  CAPTURE(run.err);
  CHECK(run.status == 1);
  CHECK(holds(run.err, "the folder of the notices '" + here.notices.string() + "' cannot be made: "));
  CHECK(here.events() == 0);
  fs::remove(here.notices);
  check_recovers(here, expected);
}

TEST_CASE("two runs at once: the second is refused, the first goes on") {
  const undisturbed expected;
  const place here;
  child::process first{program, here.arguments(sample), output::held_up};
  REQUIRE_FALSE(first.next_error_line().empty());
  const auto second = here.run(sample);
  CHECK(second.status == 1);
  CHECK(holds(second.err, "another run of this program uses it"));
  const auto run = first.wait();
  CHECK_MESSAGE(run.status == 0, run.err);
  CHECK(table_in(run) == expected.table);
  CHECK(contents_of(here.notices) == expected.notices);
}

TEST_CASE("killed at any point, it ends with the same table and all notices when it is run again") {
  const undisturbed expected;
  for (unsigned seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const place here;
    for (const auto most : {lines_of_progress, lines_of_checking}) {
      child::process run{program, here.arguments(sample), output::held_up};
      for (auto left = 1 + random() % most; left != 0; --left) REQUIRE_FALSE(run.next_error_line().empty());
      run.send(SIGKILL);
      CHECK(run.wait().status == 128 + SIGKILL);
    }
    check_recovers(here, expected);
  }
}

#ifdef SKALD_WITH_POSTGRES
TEST_CASE("on PostgreSQL it ends with the same table and notices, also when it was killed") {
  const undisturbed expected;
  const skald::test::postgres_schema schema;
  place here;
  here.url = schema.url();
  child::process run{program, here.arguments(sample), output::held_up};
  for (auto left = lines_of_checking + 4; left != 0; --left) REQUIRE_FALSE(run.next_error_line().empty());
  run.send(SIGKILL);
  CHECK(run.wait().status == 128 + SIGKILL);
  check_recovers(here, expected);
  const auto again = here.run(sample, {"--replay"});
  CHECK(table_in(again) == expected.table);
  CHECK(holds(again.out, "events: 0 imported, 117 known, 117 in the table; "));
  CHECK(schema.sql("SELECT count(*) FROM skald_events_v1") == "117");
}
#endif

TEST_CASE("killed in a replay, it ends with the same table and no other notices") {
  const undisturbed expected;
  const place here;
  REQUIRE(here.run(sample).status == 0);
  const auto before = traces_of(here.notices);
  for (int rounds = 0; rounds < 4; ++rounds) {
    child::process run{program, here.arguments(sample, {"--replay"}), output::held_up};
    for (auto left = lines_of_checking; left != 0; --left) REQUIRE_FALSE(run.next_error_line().empty());
    run.send(SIGKILL);
    CHECK(run.wait().status == 128 + SIGKILL);
  }
  check_recovers(here, expected);
  CHECK(traces_of(here.notices) == before);
}

TEST_CASE("interrupted, it ends cleanly, says so in one line, and goes on when it is run again") {
  const undisturbed expected;
  struct row {
    int signal;
    unsigned lines; ///< of progress, before it comes
  };
  for (const auto& r :
       {row{SIGINT, 2}, row{SIGTERM, 5}, row{SIGINT, lines_of_checking + 2}, row{SIGTERM, lines_of_checking + 6}}) {
    CAPTURE(r.signal);
    CAPTURE(r.lines);
    const place here;
    child::process run{program, here.arguments(sample), output::held_up};
    for (unsigned i = 0; i < r.lines; ++i) REQUIRE_FALSE(run.next_error_line().empty());
    run.send(r.signal);
    const auto ended = run.wait();
    CAPTURE(ended.err);
    CHECK(ended.status == 128 + r.signal);
    const std::string last = "fines: interrupted; what was done is kept, and the same command goes on with the rest\n";
    CHECK(ended.err.ends_with('\n' + last));
    CHECK(ended.err.find("fines: ") == ended.err.size() - last.size());
    check_recovers(here, expected);
  }
}

TEST_CASE("the real log: 100 fines, 390 events, 58 of 58 payments agree") {
  const char* given = std::getenv("SKALD_REAL_LOG");
  if (given == nullptr) {
    MESSAGE("SKIPPED: SKALD_REAL_LOG names no log");
    return;
  }
  const fs::path log = given;
  const place here;
  const auto first = here.run(log);
  CHECK_MESSAGE(first.status == 0, first.err);
  CHECK(holds(first.out, "events: 390 imported, 0 known, 390 in the table; "));
  CHECK(holds(first.out, "running total: 58 of 58\n"));
  CHECK(holds(table_in(first), "\nTotal     100 "));
  auto expected = notices_for(log);
  CHECK(contents_of(here.notices).size() == expected.size());
  const auto before = traces_of(here.notices);
  for (const auto& more : {words{}, words{"--replay"}}) {
    const auto again = here.run(log, more);
    CHECK(again.status == 0);
    CHECK(table_in(again) == table_in(first));
    CHECK(holds(again.out, "events: 0 imported, 390 known, 390 in the table; "));
    CHECK(holds(again.out, "running total: 58 of 58\n"));
    CHECK(traces_of(here.notices) == before);
  }
}
