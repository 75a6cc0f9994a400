#include <tests/tools/program.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <unistd.h>

using namespace skald_program;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("help tells the commands, and each command its options") {
  const auto help = said({"--help"});
  for (const auto* part : {"init", "read", "streams", "types", "stats", "verify", "sqlite:FILE", "postgresql://",
                           "SKALD_STORE", "Exit status:", "128+N", "Environment:"})
    CHECK_MESSAGE(has(help, part), part);
  for (const auto& line : lines_of(help)) CHECK(line.size() <= 120);
  const auto read = said({"read", "--help"});
  for (const auto* part :
       {"[STREAM...]", "--key KEY  ", "--type TYPE  ", "--backward", "--limit N", "--store URL", "--json"})
    CHECK_MESSAGE(has(read, part), part);
  CHECK(has(said({"completion", "--help"}), "SHELL bash|zsh|fish  "));
  for (const auto* unused : {"--json", "--table"}) CHECK_FALSE(has(said({"pipe", "--help"}), unused));
  CHECK(lines_of(said({"--version"})).size() == 1);
}

TEST_CASE("a command line that is none is answered in a sentence, and nothing is done") {
  const small_store there;
  const struct {
    words arguments;
    std::string says;
  } rows[] = {
    {{}, "subcommand"},
    {{"reed"}, "reed"},
    {{"read"}, "--store is required, or SKALD_STORE"},
    {{"read", "--store", there.url, "--limit", "few"}, "--limit"},
    {{"read", "--store", there.url, "--limit", "-1"}, "--limit"},
    {{"read", "--store", there.url, "--nothing"}, "--nothing"},
    {{"read", "--store"}, "--store needs a value behind it"},
    {{"read", "--store", there.url, "-n", "1", "-n", "2"}, "--limit may be given only once"},
    {{"types", "--store", there.url, "-n", "3"}, "types does not take -n 3"},
    {{"stats", "--store", there.url, "--json", "--table"}, "skald stats --help"},
    {{"--stores"}, "there is no option --stores"},
    {{"-s", there.url, "stats"}, "-s stands in front: options stand behind the command"},
    {{"--store=" + there.url, "stats"}, "--store stands in front: options stand behind the command"},
    {{"read", "--store", there.url, "-k", "lent", "other", "-k", ""}, "--key: it is empty"},
    {{"read", "--store", there.url, "--type", ""}, "--type: it is empty"},
    {{"read", "--store", there.url, "--after", ""}, "--after: it is empty"},
    {{"relations", "--store", there.url, "--key", ""}, "--key: it is empty"},
    {{"relations", "--store", there.url, "--stream", ""}, "--stream: it is empty"},
    {{"export", "--store", there.url, "-o", ""}, "--output: it is empty"},
    {{"load", "--store", there.url, "--ack-log", ""}, "--ack-log: it is empty"},
    {{"pipe", "--store", there.url, "--json"}, "--json"},
    {{"pipe", "--store", there.url, "--table"}, "--table"},
    {{"relations", "--store", there.url, "-k", "a", "--stream", "b"}, "--key and --stream exclude each other"},
    {{"export", "--store", there.url, "--resume"}, "--resume needs --output"},
    {{"read", "--store", there.url, "--after", "x"}, "--after 'x': give the id of an event, a UUID, or a position"},
    {{"read", "--store", there.url, "s", "--after", "1"}, "a position only where the whole store is read"},
    {{"read", "--store", there.url, "--key", "k", "s"}, "cannot be read together"},
    {{"read", "--store", "sqlite:"}, "no file is named: give sqlite:FILE"},
    {{"copy", "--store", there.url, "--to", "sqlite:"}, "no file is named: give sqlite:FILE"},
    {{"load", "--store", "sqlite:"}, "no file is named: give sqlite:FILE"},
    {{"audit", "--store", there.url, "log", "--cut-ns", "18446744073709551616"},
     "--cut-ns: '18446744073709551616' is too large: give at most 18,446,744,073,709,551,615"},
    {{"audit", "--store", there.url, "log", "--cut-ns", "1s"}, "--cut-ns: '1s' is no number from 0 on"},
    {{"read", "--store", "events.db"}, "there is no store 'events.db': give sqlite:FILE"},
    {{"pipe", "--store", "events.db"}, "there is no store 'events.db': give sqlite:FILE"},
    {{"load", "--store", "events.db"}, "there is no store 'events.db': give sqlite:FILE"},
    {{"load", "--store", there.url, "--seconds", "-1"}, "--seconds: '-1' is no time"},
    {{"load", "--store", there.url, "--seconds", "0"}, "more than 0 and at most 2,592,000 seconds, which are 30 days"},
    {{"load", "--store", there.url, "--seconds", "nan"}, "'nan' is no time"},
    {{"load", "--store", there.url, "--seconds", "inf"}, "'inf' is no time"},
    {{"load", "--store", there.url, "--seconds", "1e300"}, "'1e300' is no time"},
    {{"load", "--store", there.url, "--seconds", "1s"}, "'1s' is no time"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.arguments);
    const auto done = run(row.arguments);
    CHECK(done.status == 2);
    CHECK(done.out.empty());
    CHECK_MESSAGE(has(done.err, row.says), done.err);
    CHECK(has(done.err, "--help tells more"));
    for (const auto& line : lines_of(done.err)) CHECK(line.size() < 160);
  }
}

TEST_CASE("an unknown kind of store is told, with those that there are") {
  const auto done = run({"read", "--store", "mysql://ada:secret@host/db"});
  CHECK(done.status == 2);
  CHECK(has(done.err, "mysql://ada:***@host/db"));
  CHECK(has(done.err, "give sqlite:FILE, postgresql://USER@HOST/DATABASE or memory:"));
}

TEST_CASE("no password is shown, wherever it stands") {
  const skald::test::temporary_folder folder;
  const auto log = folder.path().string() + "/postgresql://ada:secret@host/db";
  std::filesystem::create_directories(std::filesystem::path{log}.parent_path());
  write(log, "no event\n");
  const words rows[] = {
    {"read", "--store", "mysql://ada:secret@host/db"},
    {"init", "--store", "postgresql://ada:secret@127.0.0.1:1/db?deadline=1"},
    {"init", "--store", "postgresql://ada@127.0.0.1:1/db?deadline=1&password=secret"},
    {"stats", "--store", "postgresql:ada:secret@host/db"},
    {"stats", "--store", "host=h password=secret dbname=x"},
    {"stats", "postgresql://ada:secret@host/db"},
    {"postgresql://ada:secret@host/db"},
    {"stats", "--stores=postgresql://ada@host/db?password=secret"},
    {"init", "--store", "sqlite:postgresql://ada:secret@host/db"},
    {"pipe", "--store", "sqlite:postgresql://ada:secret@host/db"},
    {"read", "--store", "memory:", "--after", "postgresql://ada:secret@host/db"},
    {"import", "--store", "memory:", "postgresql://ada:secret@host/db"},
    {"import", "--store", "memory:", log},
    {"export", "--store", "memory:", "--output", "postgresql://ada:secret@host/db"},
    {"copy", "--store", "memory:", "--to", "sqlite:postgresql://ada:secret@host/db"},
    {"load", "--store", "memory:", "--ack-log", "postgresql://ada:secret@host/db"},
    {"audit", "--store", "memory:", "postgresql://ada:secret@host/db"},
    {"completion", "postgresql://ada:secret@host/db"},
  };
  for (const auto& row : rows) {
    const auto done = run(row);
    CHECK(done.status != 0);
    CHECK_FALSE(done.err.empty());
    CHECK_MESSAGE(!has(done.err + done.out, "secret"), done.err);
  }
}

TEST_CASE("files that cannot be read are told by their names, and no store is made for them") {
  const skald::test::temporary_folder folder;
  const auto store = folder.path() / "new.db";
  const auto name = folder.path().string();
  const words commands[] = {{"import", name}, {"audit", name}, {"load", "--events", "1", "--ack-log", name}};
  for (auto command : commands) {
    CAPTURE(command);
    command.insert(command.end(), {"--store", "sqlite:" + store.string()});
    const auto done = run(command);
    CHECK(done.status == (command[0] == "audit" ? 2 : 1));
    CHECK_MESSAGE(has(done.err, "opening '" + name + "': Is a directory: name a file"), done.err);
    CHECK(std::filesystem::exists(store) == (command[0] == "load")); // whose node is there first
  }
}

TEST_CASE("memory: is a store that ends with the program") {
  CHECK(said({"stats", "--store", "memory:"}).starts_with("{\"events\":0,"));
}

TEST_CASE("a store that is given on the command line goes before SKALD_STORE, with every command") {
  const small_store there;
  const auto log = (there.backend.folder.path() / "acks").string();
  const words rows[] = {
    {"init"},       {"read"},
    {"tail"},       {"streams"},
    {"types"},      {"relations"},
    {"snapshots"},  {"verify"},
    {"stats"},      {"import", "-"},
    {"export"},     {"copy", "--to", "memory:"},
    {"pipe"},       {"load", "--events", "1", "--ack-log", log},
    {"audit", log},
  };
  for (const auto& row : rows) {
    CAPTURE(row);
    auto done = run(row, {.store_variable = there.url});
    CHECK_MESSAGE(done.status == 0, done.err);
    auto given = row;
    given.insert(given.end(), {"--store", there.url});
    done = run(given, {.store_variable = "mysql://host/other"});
    CHECK_MESSAGE(done.status == 0, done.err);
    done = run(row, {.store_variable = "mysql://host/other"});
    CHECK(done.status != 0);
    CHECK(has(done.err, "mysql://host/other"));
    CHECK(run(row).status == 2);
  }
}

TEST_CASE(
  "what is closed of standard input, output and error is told where it is needed, and no file takes its place") {
  const skald::test::temporary_folder folder;
  const auto store = "sqlite:" + (folder.path() / "events.db").string();
  const struct {
    std::string command;
    std::string says;
  } rows[] = {
    {R"(exec "$0" pipe --store "$1" <&-)", "reading standard input: Bad file descriptor"},
    {R"(exec "$0" import - --store "$1" <&-)", "reading standard input: Bad file descriptor"},
    {R"(exec "$0" stats --store "$1" >&-)", "writing standard output: Bad file descriptor"},
    {R"(exec "$0" stats --store "$1" <&- >&-)", "writing standard output: Bad file descriptor"},
    {R"(exec "$0" read --after 00000000-0000-0000-0000-000000000009 --store "$1" 2>&-)", ""},
  };
  CHECK(
    child::process{"/bin/sh", {"-c", R"(exec "$0" init --store "$1" <&- 2>&-)", SKALD_PROGRAM, store}}.wait().status ==
    0);
  for (const auto& row : rows) {
    CAPTURE(row.command);
    const auto done = child::process{"/bin/sh", {"-c", row.command, SKALD_PROGRAM, store}}.wait();
    CHECK(done.status == 1);
    CHECK(done.out.empty());
    CHECK_MESSAGE(has(done.err, row.says), done.err);
  }
}

TEST_CASE("a file that may not grow further is told, and what to do") {
  const skald::test::temporary_folder folder;
  const auto url = [&](const char* name) { return "sqlite:" + (folder.path() / name).string(); };
  const auto log = (folder.path() / "log").string();
  REQUIRE(start({"load", "--store", url("full"), "--events", "100", "--payload", "4000"}).wait().status == 0);
  REQUIRE(start({"export", "--store", url("full"), "-o", log}).wait().status == 0);
  const words rows[] = {
    {"import", log, "--store", url("imported")},
    {"copy", "--store", url("full"), "--to", url("copied")},
    {"load", "--store", url("loaded"), "--events", "100", "--payload", "4000"},
    {"export", "--store", url("full"), "-o", log + ".again"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.front());
    words limited{"-c", R"(ulimit -f 200; exec "$0" "$@")", SKALD_PROGRAM}; // 100 KiB
    limited.insert(limited.end(), row.begin(), row.end());
    const auto done = child::process{"/bin/sh", limited}.wait();
    CHECK(done.status == 1);
    CHECK_MESSAGE(has(done.err, "raise the limit for files"), done.err);
  }
}

TEST_CASE("the program takes its store from SKALD_STORE, and writes JSON into a pipe") {
  const small_store there;
  REQUIRE(::setenv("SKALD_STORE", there.url.c_str(), 1) == 0); // NOLINT(concurrency-mt-unsafe): no thread reads it
  const auto done = start({"types"}).wait();
  REQUIRE(::unsetenv("SKALD_STORE") == 0); // NOLINT(concurrency-mt-unsafe)
  CHECK(done.status == 0);
  CHECK(done.err.empty());
  CHECK(done.out == "{\"type\":\"book:lent\",\"events\":2}\n{\"type\":\"book:returned\",\"events\":1}\n");
}

#ifdef SKALD_WITH_POSTGRES
TEST_CASE("stores on a PostgreSQL server are looked into as well") {
  const skald::test::postgres backend;
  CHECK(run({"streams", "--store", backend.url()}).status == 1);
  CHECK(said({"init", "--store", backend.url(), "--table"}).ends_with(" is ready: it holds 0 events\n"));
  CHECK(said({"streams", "--store", backend.url()}).empty());
  const std::pair<std::string, std::string> wrong[] = {
    {"postgresql://h/db?nosuch=1", "its URL is wrong: invalid URI query parameter: \"nosuch\""},
    {"postgresql://u@h:99999/db", "its port '99999' is no number from 1 to 65535"},
    {"postgresql://h:99999/db", "what stands behind the ':' of its host is no port"},
    {"postgresql://h/db?sslmode=no", "its URL is wrong: invalid sslmode value: \"no\""},
  };
  for (const auto& [url, says] : wrong) {
    const auto done = run({"stats", "--store", url});
    CHECK(done.status == 2);
    CHECK_MESSAGE(has(done.err, says), done.err);
  }
}
#endif
