#include <skald/store/limits.hpp>

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <tests/store/child_process.hpp>
#include <tests/store/sql.hpp>
#include <tests/tools/program.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace skald_program;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// A folder for logs, and stores in it.
struct place {
  skald::test::temporary_folder folder;

  [[nodiscard]] std::string file(const std::string& name) const { return (folder.path() / name).string(); }
  [[nodiscard]] std::string store(const std::string& name) const { return "sqlite:" + file(name); }
  std::string log(const std::string& name, std::string_view text) const {
    write(file(name), text);
    return file(name);
  }
};

std::string exported(const std::string& store) { return said({"export", "--store", store}); }

std::string line(int number) {
  return R"({"stream":"s-)" + std::to_string(number % 7) + R"(","type":"made","created":"2024-05-06T07:08:09.)" +
         std::to_string(100 + number % 900) + R"(Z","data":{"number":)" + std::to_string(number) + "}}\n";
}

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line(i);
  return text;
}

/// All that a line can say.
constexpr std::string_view everything =
  R"({"stream":"a","type":"t","created":"2024-01-02T03:04:05.006Z","data":{ "x" : [1, 2.50, "\u00e4"] },)"
  R"("meta":null,"id":"0192f5e2-7c1b-7d3f-8a55-0123456789ab","counter":7,"version":3,"batch":"b \"1\"","silent":true})"
  "\n"
  R"({"stream":"\u00fc \n","type":"t\\","created":"1970-01-01T00:00:00.000Z","data":"","id":"0192f5e2-7c1b-7d3f-8a55-0123456789ac","counter":1})"
  "\n"
  R"({"stream":"a","type":"t","created":"2024-01-02T03:04:05.006Z","data":1e400,"meta":{"a":1,"a":2},)"
  R"("id":"00000000-0000-0000-0000-000000000001"})"
  "\n";

} // namespace

TEST_CASE("what is exported is imported as it was, byte for byte") {
  const place here;
  const std::string deepest(skald::limits::json_depth, '[');
  const auto all = std::string{everything} +
                   R"({"stream":"a","type":"deep","created":"2024-01-02T03:04:05.006Z","data":)" + deepest +
                   std::string(deepest.size(), ']') + R"(,"id":"00000000-0000-0000-0000-000000000002"})" + "\n";
  const auto log = here.log("log", all);
  CHECK(said({"import", log, "--store", here.store("a")}) == "{\"written\":4,\"known\":0,\"refused\":0}\n");
  auto first = exported(here.store("a"));
  // The names are written in one way, all else stands there as it came.
  auto expected = all;
  expected.replace(expected.find("\\u00fc"), 6, "\u00fc");
  CHECK(first == expected);
  said({"import", here.log("again", first), "--store", here.store("b")});
  CHECK(exported(here.store("b")) == first);
#ifdef SKALD_WITH_POSTGRES
  const skald::test::postgres server;
  said({"import", here.file("again"), "--store", server.url()});
  CHECK(exported(server.url()) == first);
#endif
}

TEST_CASE("what read shows can be imported") {
  const small_store from;
  const place here;
  const auto log = here.log("log", said({"read", "--store", from.url}));
  said({"import", log, "--store", here.store("to")});
  CHECK(exported(here.store("to")) == exported(from.url));
}

TEST_CASE("a log without ids gets them from its events, keeps its order, and is imported twice without a change") {
  const place here;
  // Of one stream and one millisecond, two of them the same.
  const std::string same = R"({"stream":"s","type":"t","created":"2024-01-01T00:00:00.000Z","data":)";
  const auto log = here.log("log", same + "3}\n" + same + "1}\n" + same + "2}\n" + same + "1}\n");
  CHECK(said({"import", log, "--store", here.store("a")}) == "{\"written\":4,\"known\":0,\"refused\":0}\n");
  const auto first = exported(here.store("a"));
  std::string order;
  for (const auto& shown : lines_of(said({"read", "s", "--store", here.store("a")})))
    order += shown[shown.find("\"data\":") + 7];
  CHECK(order == "3121");

  CHECK(said({"import", log, "--store", here.store("a")}) == "{\"written\":0,\"known\":4,\"refused\":0}\n");
  CHECK(exported(here.store("a")) == first);
  SUBCASE("an event that was added to the log is the only one that is new, wherever it stands") {
    const auto more = here.log("more", same + "9}\n" + text_of(log));
    CHECK(said({"import", more, "--store", here.store("a")}) == "{\"written\":1,\"known\":4,\"refused\":0}\n");
  }
  SUBCASE("the ids are the same in every store, and for good") {
    CHECK(has(first, R"("data":3,"id":"649ab4cd-1604-8ce0-9e78-333c46788127"})"));
  }
}

TEST_CASE("the real logs: importing twice changes nothing, and an export is imported byte for byte") {
  const char* folder = std::getenv("SKALD_REAL_LOGS");
  if (folder == nullptr) {
    MESSAGE("SKIPPED: SKALD_REAL_LOGS names no folder of logs");
    return;
  }
  int found = 0;
  for (const auto& log : fs::directory_iterator{folder}) {
    if (log.path().extension() != ".ndjson") continue;
    CAPTURE(log.path());
    ++found;
    const place here;
    const auto count = std::to_string(lines_of(text_of(log.path())).size());
    CHECK(said({"import", log.path(), "--store", here.store("a")}) ==
          "{\"written\":" + count + ",\"known\":0,\"refused\":0}\n");
    CHECK(said({"import", log.path(), "--store", here.store("a")}) ==
          "{\"written\":0,\"known\":" + count + ",\"refused\":0}\n");
    const auto first = exported(here.store("a"));
    CHECK(std::to_string(std::ranges::count(first, '\n')) == count);
    said({"import", here.log("again", first), "--store", here.store("b")});
    CHECK(exported(here.store("b")) == first);
#ifdef SKALD_WITH_POSTGRES
    const skald::test::postgres server;
    said({"import", here.file("again"), "--store", server.url()});
    CHECK(exported(server.url()) == first);
#endif
  }
  CHECK(found == 2);
}

TEST_CASE("a line that is no event is told with its number and what is wrong, and costs no other line") {
  const std::string good = R"("stream":"s","type":"t","created":"2024-01-01T00:00:00.000Z","data":{})";
  const struct {
    std::string line;
    std::string says;
  } rows[] = {
    {"hello", "this is no JSON"},
    {"{" + good, "this is no JSON"},
    {"{" + good + "}}", "this is no JSON"},
    {"{" + good + "} {}", "this is no JSON"},
    {"{" + good + ",}", "this is no JSON"},
    {"{" + good + R"(,"meta"})", "this is no JSON"},
    {"{" + good + R"(,"meta":})", "this is no JSON"},
    {"{" + good + R"(,"meta":{]})", "this is no JSON"},
    {"{" + good + R"(,"meta":[})", "this is no JSON"},
    {"{" + good + R"(,"meta":"x})", "this is no JSON"},
    {"{" + good + R"(,"meta":"x\)", "this is no JSON"},
    {"[1]", "this is no object"},
    {"7", "this is no object"},
    {"{}", "stream: missing"},
    {R"({"stream":"s","type":"t","created":"2024-01-01T00:00:00.000Z"})", "data: missing"},
    {"{" + good + R"(,"datum":1})", "the member 'datum' is unknown"},
    {"{" + good + R"(,"data":1})", "data: stands twice"},
    {"{" + good + R"(,"d\u0061ta":1})", "data: stands twice"},
    {R"({"stream":7,"type":"t","created":"2024-01-01T00:00:00.000Z","data":1})", "stream: expected a string"},
    {R"({"stream":"","type":"t","created":"2024-01-01T00:00:00.000Z","data":1})", "stream: a stream id"},
    {R"({"stream":"$s","type":"t","created":"2024-01-01T00:00:00.000Z","data":1})",
     "'$s': names that start with '$' are reserved"},
    {R"({"stream":"s","type":"","created":"2024-01-01T00:00:00.000Z","data":1})", "event type"},
    {R"({"stream":"s","type":"t","created":"yesterday","data":1})", "created: "},
    {R"({"stream":"s","type":"t","created":"2424-01-01T00:00:00.000Z","data":1})", "ahead of this node's clock"},
    {R"({"stream":"s","type":"t","created":"2024-01-01T00:00:00.000Z","data":01})", "this is no JSON"},
    {R"({"stream":"s","type":"t","created":"2024-01-01T00:00:00.000Z","data":})", "this is no JSON"},
    {"{\"stream\":\"\xff\",\"type\":\"t\",\"created\":\"2024-01-01T00:00:00.000Z\",\"data\":1}", "this is no JSON"},
    {"{" + good + R"(,"id":"7"})", "id: "},
    {"{" + good + R"(,"counter":65536})", "counter: "},
    {"{" + good + R"(,"version":-1})", "version: "},
    {"{" + good + R"(,"silent":"yes"})", "silent: "},
    {"{" + good + R"(,"batch":""})", "batch: "},
    {"{" + good + R"(,"position":x})", "this is no JSON"},
    {"{" + good + R"(,"meta":)" + std::string(200, '[') + std::string(200, ']') + "}", "metadata"},
  };
  const place here;
  std::string log;
  for (const auto& row : rows) {
    CHECK_MESSAGE(has(run({"import", here.log("one", row.line), "--store", "memory:"}).err, row.says), row.line);
    log += row.line + '\n' + line(static_cast<int>(&row - rows));
  }
  const auto all = run({"import", here.log("all", log + "\n  \r\n"), "--store", here.store("some")});
  CHECK(all.status == 1);
  const auto count = std::to_string(std::size(rows));
  CHECK(all.out == "{\"written\":" + count + ",\"known\":0,\"refused\":" + count + "}\n");
  const auto told = lines_of(all.err);
  REQUIRE_MESSAGE(told.size() == 21, all.err); // the first twenty, and how many more
  CHECK(has(told[0], here.file("all") + ":1: this is no JSON"));
  CHECK(has(told[20], "and so it went with " + std::to_string(std::size(rows) - 20) + " more"));
}

TEST_CASE("a line whose id is another event's is told with what is different, and costs no other line") {
  const std::string id = "0192f5e2-7c1b-7d3f-8a55-0123456789ab";
  const auto event = [&](std::string_view stream, std::string_view type, std::string_view second,
                         std::string_view rest) {
    return R"({"stream":")" + std::string{stream} + R"(","type":")" + std::string{type} +
           R"(","created":"2024-01-01T00:00:0)" + std::string{second} + R"(.000Z","id":")" + id + "\"," +
           std::string{rest} + "}\n";
  };
  const std::string rest = R"("data":1,"meta":2)";
  const std::string stored = event("s", "t", "1", rest);
  const struct {
    std::string line;
    std::string says;
  } rows[] = {
    {event("other", "t", "1", rest), "which is another stream than this one's"},
    {event("s", "other", "1", rest), "with another type"},
    {event("s", "t", "2", rest), "created at another time"},
    {event("s", "t", "1", rest + R"(,"version":2)"), "with another schema version"},
    {event("s", "t", "1", R"("data":9,"meta":2)"), "with other data or metadata"},
    {event("s", "t", "1", R"("data":1)"), "with other data or metadata"},
  };
  const place here;
  said({"import", here.log("log", stored), "--store", here.store("a")});
  const auto before = exported(here.store("a"));
  for (const auto& row : rows) {
    const auto done = run({"import", here.log("again", stored + row.line), "--store", here.store("a")});
    CHECK(done.status == 1);
    CHECK(done.out == "{\"written\":0,\"known\":1,\"refused\":1}\n");
    CHECK(done.err == here.file("again") + ":2: event " + id + " is already stored, in stream 's' at revision 1, " +
                        row.says + '\n');
    CHECK(exported(here.store("a")) == before);

    const auto from = here.store("from " + std::to_string(&row - rows));
    said({"import", here.log("other", line(1) + row.line), "--store", from});
    said({"import", here.file("log"), "--store", here.store("to")});
    const auto copied = run({"copy", "--store", from, "--to", here.store("to")});
    CHECK(copied.status == 1);
    CHECK(copied.out.ends_with(",\"refused\":1,\"relations\":0}\n"));
    CHECK(copied.err.starts_with("position 2: event " + id + " is already stored, in stream 's' at revision 1, "));
    CHECK(copied.err.ends_with(row.says + '\n'));
  }
  CHECK(lines_of(exported(here.store("to"))).size() == 2);
}

TEST_CASE("a line that is too long is refused, and the next one is read") {
  const place here;
  const auto log = here.log("log", R"({"stream":")" + std::string(65 << 20, 'x') + "\"}\n" + line(1));
  const auto done = run({"import", log, "--store", here.store("a")});
  CHECK(done.status == 1);
  CHECK(has(done.err, log + ":1: the line is longer than any event may be"));
  CHECK(done.out == "{\"written\":1,\"known\":0,\"refused\":1}\n");
}

TEST_CASE("several logs and the input are imported in turn, and nothing is where one is not there") {
  const place here;
  const auto one = here.log("one", line(1));
  CHECK(said({"import", one, "-", "--store", here.store("a"), "--table"}, {.in = line(1) + line(2)}) ==
        "3 events imported, 0 known, 0 lines refused\n");
  CHECK(run({"import", "-", "--store", here.store("a")}, {.in = line(1) + "junk"})
          .err.starts_with("standard input:2: this is no JSON"));
  const auto done = run({"import", one, here.file("none"), "--store", here.store("b")});
  CHECK(done.status == 1);
  CHECK(has(done.err, "opening '" + here.file("none") + "': No such file"));
  CHECK_FALSE(fs::exists(here.file("b")));
  CHECK(has(run({"import", here.folder.path(), "--store", here.store("a")}).err, "Is a directory"));
}

TEST_CASE("an import that is interrupted, or whose terminal is closed, keeps what it has read and says how to go on") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    const place here;
    const auto whole = lines(5000);
    const auto pipe = here.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    auto program = start({"import", pipe, "--store", here.store("a")});
    {
      const tools::descriptor into{::open(pipe.c_str(), O_WRONLY | O_CLOEXEC)}; // waits until it is read
      tools::write_all(into.get(), lines(2500), "the pipe");
      program.send(signal);
      const auto done = program.wait();
      CHECK(done.status == 128 + signal);
      CHECK(done.out.empty());
      CHECK(has(done.err, "skald: interrupted: "));
      CHECK(has(done.err, " events are kept, and the same command goes on with the rest\n"));
    }
    // What was written and not read is at most what a pipe holds.
    const auto kept = lines_of(exported(here.store("a"))).size();
    CHECK(kept >= 1500);
    CHECK(kept <= 2500);
    CHECK(said({"import", here.log("log", whole), "--store", here.store("a")}) ==
          "{\"written\":" + std::to_string(5000 - kept) + ",\"known\":" + std::to_string(kept) + ",\"refused\":0}\n");
    said({"import", here.file("log"), "--store", here.store("b")});
    CHECK(exported(here.store("a")) == exported(here.store("b")));
  }
}

TEST_CASE("an import shows on a terminal how far it is") {
  const place here;
  const auto done = run({"import", here.log("log", lines(10)), "--store", here.store("a")}, {.err_is_terminal = true});
  CHECK(done.err.starts_with("\rimported 0 events"));
  CHECK(done.err.ends_with("\rimported 10 events, 100 % [====================]\033[K\n"));
  CHECK(run({"import", here.file("log"), "--store", here.store("a")}).err.empty());
}

TEST_CASE("an export goes on where it had stopped, and takes no file of another store") {
  const place here;
  said({"import", here.log("log", lines(3000)), "--store", here.store("a")});
  const auto whole = exported(here.store("a"));
  const auto file = here.file("out");
  CHECK(said({"export", "-o", file, "--store", here.store("a")}) == "{\"events\":3000}\n");
  CHECK(text_of(file) == whole);

  const auto refused = run({"export", "-o", file, "--store", here.store("a")});
  CHECK(refused.status == 1);
  CHECK(has(refused.err, "opening '" + file + "': File exists: name a new file in a folder that is there, "));
  CHECK(has(refused.err, "or go on with one by --resume\n"));
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, whole.find('\n'), whole.find('\n') + 1,
                                whole.size() / 2, whole.size() - 1, whole.size()}) {
    CAPTURE(cut);
    write(file, whole.substr(0, cut));
    said({"export", "-o", file, "--resume", "--store", here.store("a")});
    CHECK(text_of(file) == whole);
  }
  const auto first = whole.substr(0, whole.find('\n'));
  const words others{"no event",
                     std::string{"\0", 1},
                     first + ' ',
                     '{' + first,
                     first + first,
                     "no event\n",
                     "\n",
                     first + "\n\n",
                     first + "\njunk\n",
                     std::string{R"({"stream":"s","type":"t","created":"2024-01-01T00:00:00.000Z","data":1})"} + '\n'};
  for (const auto& other : others) {
    write(file, other);
    const auto done = run({"export", "-o", file, "--resume", "--store", here.store("a")});
    CHECK(done.status == 1);
    CHECK(lines_of(done.err).size() == 1);
    CHECK_MESSAGE(has(done.err, "what '" + file + "' ends with is not in this store"), done.err);
    CHECK(text_of(file) == other);
  }
  CHECK(has(run({"export", "--resume", "--store", here.store("a")}).err, "--resume needs --output"));
}

TEST_CASE("an export does not go on behind lines that are missing or stand there twice") {
  const place here;
  said({"import", here.log("log", lines(3000)), "--store", here.store("a")});
  const auto whole = exported(here.store("a"));
  const auto all = lines_of(whole);
  const auto without = [&](std::size_t number) {
    auto text = whole;
    return text.erase(text.find(all[number]), all[number].size() + 1);
  };
  const struct {
    std::string text;
    std::string says;
  } rows[] = {
    {without(0), "2,999 whole lines, and the last one is event 3,000 of this store"},
    {without(1500), "2,999 whole lines, and the last one is event 3,000 of this store"},
    {without(1500) + "{\"stream\":", "2,999 whole lines, and the last one is event 3,000 of this store"},
    {all[0] + '\n' + whole, "3,001 whole lines, and the last one is event 3,000 of this store"},
    {all[1500] + '\n' + whole.substr(0, whole.find(all[2000])), "2,001 whole lines, and the last one is event 2,000"},
    {whole + all[0] + '\n', "3,001 whole lines, and the last one is event 1 of this store"},
    {whole.substr(0, whole.find(all[10])) + '\n' + whole.substr(whole.find(all[10])), "3,001 whole lines"},
  };
  const auto file = here.file("out");
  for (const auto& row : rows) {
    write(file, row.text);
    const auto done = run({"export", "-o", file, "--resume", "--store", here.store("a")});
    CHECK(done.status == 1);
    CHECK_MESSAGE(has(done.err, "'" + file + "' has " + row.says), done.err);
    CHECK(done.err.ends_with("some are missing or stand there twice: nothing was written to the file; export to "
                             "another one\n"));
    CHECK(text_of(file) == row.text);
  }
}

TEST_CASE("of a file without lines no more is read than an event may have, however large it is") {
  const place here;
  said({"import", here.log("log", lines(3)), "--store", here.store("a")});
  const auto file = here.file("out");
  for (const auto& beginning : {std::string{}, exported(here.store("a"))}) {
    write(file, beginning);
    constexpr auto size = off_t{1} << 42; // a file with a hole, which would take hours to read
    if (::truncate(file.c_str(), size) != 0) {
      MESSAGE("SKIPPED: this file system holds no file of 4 TiB");
      return;
    }
    const auto done = run({"export", "-o", file, "--resume", "--store", here.store("a")});
    CHECK(done.status == 1);
    CHECK_MESSAGE(has(done.err, "what '" + file + "' ends with is not in this store"), done.err);
    CHECK(fs::file_size(file) == size);
  }
}

TEST_CASE("an export that is interrupted says how to go on") {
  const place here;
  said({"import", here.log("log", lines(10)), "--store", here.store("a")});
  const auto done = run({"export", "-o", here.file("out"), "--store", here.store("a")}, {.stopped = true});
  CHECK(done.status == 128 + SIGINT);
  CHECK(done.err == "skald: interrupted: 0 events are exported, and --resume goes on with the rest\n");
  const auto whole = exported(here.store("a"));
  const auto begun = whole.substr(0, whole.size() / 2);
  write(here.file("out"), begun);
  const words again{"export", "-o", here.file("out"), "--resume", "--store", here.store("a")};
  CHECK(run(again, {.stopped = true}).status == 128 + SIGINT);
  CHECK(text_of(here.file("out")) == begun);
  said(again);
  CHECK(text_of(here.file("out")) == whole);
}

TEST_CASE("an export into a full disk says so, and goes on when there is room") {
  const place here;
  said({"import", here.log("log", lines(3000)), "--store", here.store("a")});
  const words command{"export", "-o", here.file("out"), "--store", here.store("a")};
  skald::test::child_process limited{[&] {
    const rlimit most{100'000, 100'000};
    if (::setrlimit(RLIMIT_FSIZE, &most) != 0) return 1;
    std::signal(SIGXFSZ, SIG_IGN);
    const auto done = run(command);
    write(here.file("err"), done.err);
    return done.status == 1 && done.out.empty() ? 0 : 2;
  }};
  CHECK(limited.wait() == 0);
  const auto said_of_it = text_of(here.file("err"));
  CHECK(has(said_of_it, "writing '" + here.file("out") + "': File too large"));
  CHECK(has(said_of_it, "the file keeps what was written, and --resume goes on with the rest"));
  CHECK(lines_of(said_of_it).size() == 1);
  CHECK(text_of(here.file("out")).size() == 100'000);

  auto again = command;
  again.emplace_back("--resume");
  said(again);
  CHECK(text_of(here.file("out")) == exported(here.store("a")));

  const auto full = tools::open_file("/dev/full", O_WRONLY);
  tools::descriptor_stream out{full.get(), "standard output"};
  const auto done = run({"export", "--store", here.store("a")}, {.out = &out});
  CHECK(done.status == 1);
  CHECK(has(done.err, "writing standard output: No space left on device"));
}

TEST_CASE("an export that nobody reads any more ends as pipes want it, without a word") {
  std::signal(SIGPIPE, SIG_IGN);
  const place here;
  said({"import", here.log("log", lines(3000)), "--store", here.store("a")});
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::close(ends[0]);
  const tools::descriptor pipe{ends[1]};
  tools::descriptor_stream out{pipe.get(), "standard output"};
  const auto done = run({"export", "--store", here.store("a")}, {.out = &out});
  CHECK(done.status == 128 + SIGPIPE);
  CHECK(done.err.empty());
}

TEST_CASE("a list on a terminal that is closed ends with a sentence") {
  const place here;
  said({"import", here.log("log", lines(10)), "--store", here.store("a")});
  const auto terminal = closed_terminal();
  tools::descriptor_stream out{terminal.get(), "standard output"};
  const auto done = run({"read", "--store", here.store("a")}, {.out = &out});
  CHECK(done.status == 1);
  CHECK(has(done.err, "writing standard output: Input/output error: "));
}

TEST_CASE("a store that another process holds is told after some patience, by pipe too, and nothing is done") {
  const place here;
  said({"init", "--store", here.store("a")});
  // Waits as long as the store waits for others: five seconds.
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(here.file("a").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto requests =
    here.log("requests", R"({"req":1,"op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1}]}]})"
                         "\n"
                         R"({"req":2,"op":"stats"})");
  child::process pipe{"/bin/sh",
                      {"-c", R"(exec "$0" pipe --store "$1" <"$2")", SKALD_PROGRAM, here.store("a"), requests}};
  const auto done = run({"import", here.log("log", line(1)), "--store", here.store("a")});
  CHECK(done.status == 1);
  CHECK_MESSAGE(has(done.err, "locked"), done.err);
  CHECK(lines_of(done.err).size() == 1);

  const auto answered = pipe.wait();
  CHECK(answered.status == 0);
  CHECK(answered.err.empty());
  auto answers = lines_of(answered.out);
  std::ranges::sort(answers);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].starts_with(R"({"req":1,"ok":false,"error":{"code":"insertion_failed","message":")"));
  CHECK_MESSAGE(has(answers[0], "locked"), answers[0]);
  CHECK_MESSAGE(has(answers[0], R"("outcome":"not_written")"), answers[0]);
  CHECK(answers[1].starts_with(R"({"req":2,"ok":true,"events":0,)"));
  sqlite3_close(other);
  CHECK(said({"stats", "--store", here.store("a")}).starts_with("{\"events\":0,"));
}

TEST_CASE("a copy has the events and relations of the store, and copying again changes nothing") {
  const small_store from;
  const place here;
  std::vector<std::string> targets{here.store("to")};
#ifdef SKALD_WITH_POSTGRES
  const skald::test::postgres server;
  const skald::test::sqlite back;
  targets.push_back(server.url());
#endif
  for (const auto& to : targets) {
    CAPTURE(to);
    CHECK(said({"copy", "--store", from.url, "--to", to}) ==
          "{\"written\":3,\"known\":0,\"refused\":0,\"relations\":1}\n");
    for (int i = 0; i < 2; ++i) {
      CHECK(exported(to) == exported(from.url));
      for (const auto* list : {"relations", "streams", "types"})
        CHECK(said({list, "--store", to}) == said({list, "--store", from.url}));
      CHECK(said({"copy", "--store", from.url, "--to", to, "--table"}) ==
            "0 events copied, 3 known, 0 refused; 1 stream under relation keys\n");
    }
  }
#ifdef SKALD_WITH_POSTGRES
  said({"copy", "--store", server.url(), "--to", back.url()});
  CHECK(exported(back.url()) == exported(from.url));
#endif
}

TEST_CASE("what is damaged is neither copied nor exported as if it were sound, and the message names it") {
  for (const auto* data : {"9", R"(1}' || char(10) || '{"req":7,"ok":true)"}) {
    CAPTURE(data);
    const small_store from;
    const place here;
    skald::test::run_sql(from.backend.folder.path() / "events.db",
                         std::string{"UPDATE skald_events SET data = '"} + data + "' WHERE position = 3");
    const words rows[] = {{"copy", "--store", from.url, "--to", here.store("to")},
                          {"export", "--store", from.url},
                          {"export", "--store", from.url, "-o", here.file("out")}};
    for (const auto& row : rows) {
      const auto done = run(row);
      CHECK(done.status == 1);
      CHECK(done.out.empty());
      CHECK_MESSAGE(has(done.err, "position 3"), done.err);
      CHECK_MESSAGE(has(done.err, "00000000-0000-0000-0000-000000000003"), done.err);
      CHECK(has(done.err, " goes on with the rest once what is damaged is restored from a backup\n") ==
            (row.size() > 3));
    }
    CHECK_FALSE(has(exported(here.store("to")), "00000000-0000-0000-0000-000000000003"));
    CHECK_FALSE(has(text_of(here.file("out")), "00000000-0000-0000-0000-000000000003"));
  }
}

TEST_CASE("an import into memory that is interrupted says that nothing is left of it") {
  const place here;
  const auto done = run({"import", here.log("log", lines(10)), "--store", "memory:"}, {.stopped = true});
  CHECK(done.status == 128 + SIGINT);
  CHECK(done.err == "skald: interrupted: 0 events imported, and gone with the store in memory\n");
}

TEST_CASE("a copy that is interrupted says how to go on, and none is made of a store in itself") {
  const small_store from;
  const place here;
  const auto done = run({"copy", "--store", from.url, "--to", here.store("to")}, {.stopped = true});
  CHECK(done.status == 128 + SIGINT);
  CHECK(done.err == "skald: interrupted: 0 events are copied, and the same command goes on with the rest\n");
  const auto file = from.backend.folder.path() / "events.db";
  fs::create_hard_link(file, here.file("hard"));
  fs::create_symlink(file, here.file("soft"));
  const std::string same[] = {from.url, "sqlite:" + (from.backend.folder.path() / "." / "events.db").string(),
                              here.store("hard"), here.store("soft")};
  for (const auto& url : same) CHECK(has(run({"copy", "--store", from.url, "--to", url}).err, "copied into itself"));
  CHECK(run({"copy", "--store", here.store("none"), "--to", here.store("other")}).status == 1);
  CHECK_FALSE(fs::exists(here.file("other")));
}
