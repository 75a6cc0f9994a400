#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>
#include <tests/store/sql.hpp>
#include <tests/tools/program.hpp>
#include <tools/json/string.hpp>
#include <tools/pipe/answer.hpp>
#include <tools/pipe/number_set.hpp>
#include <tools/pipe/session.hpp>
#include <tools/pipe/weight.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <streambuf>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace skald_program;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string joined(const words& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  return text;
}

/// What `skald pipe` answers, in the order of the text.
words answers_of(const std::string& url, const words& lines) {
  auto answers = lines_of(said({"pipe", "--store", url}, {.in = joined(lines)}));
  std::ranges::sort(answers);
  return answers;
}

std::string answer_of(const std::string& url, const std::string& line) {
  const auto answers = answers_of(url, {line});
  REQUIRE(answers.size() == 1);
  return answers[0];
}

std::string id_of(int number) { return "00000000-0000-0000-0000-00000000000" + std::to_string(number); }

/// The program as a process that is talked with.
class conversation {
public:
  explicit conversation(const std::string& url) {
    REQUIRE(::mkfifo(in_.c_str(), 0600) == 0);
    REQUIRE(::mkfifo(out_.c_str(), 0600) == 0);
    process_.emplace("/bin/sh",
                     words{"-c", R"(exec "$0" pipe --store "$1" <"$2" >"$3")", SKALD_PROGRAM, url, in_, out_});
    requests_ = tools::open_file(in_, O_WRONLY);
    answers_ = tools::open_file(out_, O_RDONLY);
  }

  void say(const std::string& line) { tools::write_all(requests_.get(), line + '\n', "a request"); }

  std::string hear() {
    std::string line;
    for (char c = 0; ::read(answers_.get(), &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }

  void send(int signal) { process_->send(signal); }
  void close_answers() { answers_ = tools::descriptor{}; }
  child::ended end() {
    requests_ = tools::descriptor{};
    return process_->wait();
  }
  /// Without the end of its input.
  child::ended wait() { return process_->wait(); }

private:
  skald::test::temporary_folder folder_;
  std::string in_ = (folder_.path() / "requests").string();
  std::string out_ = (folder_.path() / "answers").string();
  std::optional<child::process> process_;
  tools::descriptor requests_;
  tools::descriptor answers_;
};

/// Takes text, and counts how often.
class counting : public std::streambuf {
public:
  std::string text; ///< once nobody writes
  std::atomic<int> writes{0};

private:
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    text.append(bytes, static_cast<std::size_t>(count));
    return ++writes, count;
  }
};

constexpr const char* count_of_events = R"({"req":1,"op":"stats"})";

} // namespace

TEST_CASE("pipe appends to several streams at once, and answers revisions, positions and ids") {
  const skald::test::sqlite backend;
  CHECK(
    answer_of(backend.url(), R"({"req":7,"op":"append","streams":[)"
                             R"({"stream":"a","expected":"no_stream","events":[{"id":")" +
                               id_of(1) + R"(","type":"made","data":{}},{"id":")" + id_of(2) +
                               R"(","type":"made","data":[1]}]},{"stream":"b","events":[{"id":")" + id_of(3) +
                               R"(","type":"made","data":null,"meta":{"by":"ada"},"version":2,)"
                               R"("created":"2001-02-03T04:05:06.000Z"}]},{"stream":"c","expected":0}],)"
                               R"("relations":[{"do":"insert","key":"k","stream":"b"}],"batch":"one","emit":false})") ==
    R"({"req":7,"ok":true,"revisions":[2,1,0],"first":1,"last":3,"ids":[")" + id_of(1) + "\",\"" + id_of(2) + "\",\"" +
      id_of(3) + "\"]}");
  const auto read = answer_of(backend.url(), R"({"req":1,"op":"read","keys":["k"]})");
  const auto cursor = R"({"created":"2001-02-03T04:05:06.000Z","id":")" + id_of(3) + "\"}";
  CHECK(read.starts_with(R"({"req":1,"ok":true,"records":[{"stream":"b","type":"made",)"
                         R"("created":"2001-02-03T04:05:06.000Z","data":null,"meta":{"by":"ada"},"id":")" +
                         id_of(3) + R"(","version":2,)"));
  for (const auto* part : {R"("batch":"one")", R"("silent":true)", R"("position":3,"revision":1)"})
    CHECK(has(read, part));
  CHECK(read.ends_with("}],\"next\":" + cursor + ",\"more\":false}"));
}

TEST_CASE("pipe makes ids where none are given, and tells them") {
  const auto answer =
    answer_of("memory:", R"({"req":1,"op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1}]}]})");
  const std::string start = R"({"req":1,"ok":true,"revisions":[1],"first":1,"last":1,"ids":[")";
  REQUIRE(answer.starts_with(start));
  CHECK(skald::event_id::parse(answer.substr(start.size(), 36)).has_value());
}

TEST_CASE("pipe appends no event from the future, which would take its stream along") {
  const skald::test::sqlite backend;
  const std::string start = R"({"req":1,"op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1)";
  const auto refused = answer_of(backend.url(), start + R"(,"created":"2999-01-01T00:00:00.000Z"}]}]})");
  CHECK(has(refused, R"("code":"clock_drift")"));
  CHECK(has(refused, R"("outcome":"not_written")"));
  CHECK(has(answer_of(backend.url(), start + "}]}]}"), R"("revisions":[1])"));
}

TEST_CASE("a command that pipe is told twice is carried out once, and answered twice") {
  const skald::test::sqlite backend;
  const auto command = [&](const std::string& data, const std::string& answer) {
    return answer_of(backend.url(), R"({"req":1,"op":"append","command_id":"lend 7","answer":)" + answer +
                                      R"(,"streams":[{"stream":"a","events":[{"type":"made","data":)" + data + "}]}]}");
  };
  const auto first = R"({"req":1,"ok":true,"revisions":[1],"first":1,"last":1,"answer":{ "due" : 14 }})";
  CHECK(command("1", R"({ "due" : 14 })") == first);
  CHECK(command("2", "15") == first);
  CHECK(has(answer_of(backend.url(), count_of_events), R"("events":1)"));
}

TEST_CASE("what pipe carries comes back byte for byte") {
  const skald::test::sqlite backend;
  const std::string payloads[] = {R"({ "n" : 1.50, "n":1e5, "\u00e9":"\/é\ud83d\ude00", "o":{"data":[ ]} })",
                                  "123456789012345678901234567890.10", R"("]}{[\"\\")", "[ [ ],{ } , -0 ]", "null"};
  for (std::size_t i = 0; i < std::size(payloads); ++i) {
    const auto number = std::to_string(i + 1);
    CAPTURE(payloads[i]);
    const auto stream = "\"stream\":\"s" + number + '"';
    CHECK(has(answer_of(backend.url(), R"({"req":1,"op":"append","streams": [ {)" + stream +
                                         R"(, "events" : [{"type":"made","data" :  )" + payloads[i] +
                                         "  ,\"meta\":" + payloads[i] + " }]}]}"),
              R"("ok":true)"));
    CHECK(has(answer_of(backend.url(), R"({"req":1,"op":"read",)" + stream + '}'),
              ",\"data\":" + payloads[i] + ",\"meta\":" + payloads[i] + ",\"id\""));
  }
}

TEST_CASE("an expectation that is not met is answered with stream, expected and actual revision") {
  const skald::test::sqlite backend;
  const auto append = [&](const std::string& expected) {
    return answer_of(backend.url(), R"({"req":1,"op":"append","streams":[{"stream":"a","expected":)" + expected +
                                      R"(,"events":[{"type":"made","data":1}]}]})");
  };
  const auto conflict = [](const std::string& expected, int actual) {
    return R"(,"outcome":"not_written","stream":"a","expected":)" + expected + ",\"actual\":" + std::to_string(actual) +
           "}}";
  };
  const struct {
    std::string expected;
    std::optional<int> actual;
  } rows[] = {{"\"stream_exists\"", 0},
              {"3", 0},
              {"\"no_stream\"", {}},
              {"\"no_stream\"", 1},
              {"0", 1},
              {"1", {}},
              {"1", 2},
              {"\"any\"", {}},
              {"\"stream_exists\"", {}},
              {"18446744073709551615", 4}};
  for (const auto& row : rows) {
    CAPTURE(row.expected);
    const auto answer = append(row.expected);
    if (row.actual) {
      CHECK(answer.starts_with(R"({"req":1,"ok":false,"error":{"code":"wrong_expected_revision","message":")"));
      CHECK_MESSAGE(answer.ends_with(conflict(row.expected, *row.actual)), answer);
    } else {
      CHECK_MESSAGE(has(answer, R"("ok":true)"), answer);
    }
  }
}

TEST_CASE("lines that are no request are answered, and the next line is served") {
  std::string members;
  for (int i = 0; i < 40; ++i) members += ",\"m" + std::to_string(i) + "\":1";
  const struct {
    std::string line;
    std::string says;
  } rows[] = {
    {"stats", "no JSON"},
    {R"({"req":7)", "no JSON"},
    {R"({"req":7 8,"op":"stats"})", "no JSON"},
    {R"({"req":7,"req":8,"x":NaN})", "no JSON"},
    {R"({"req":-7,"x":NaN})", "no JSON"},
    {R"({"x":NaN,"req":7})", "no JSON"},
    {R"({"x":{"req":7,"y":NaN},"op":"stats"})", "no JSON"},
    {R"({"req":7,"op":"stats"}{"req":8,"op":"stats"})", "no JSON"},
    {std::string(300, '[') + std::string(300, ']'), "nests deeper than 128 levels"},
    {"[1]", "expected an object, found an array"},
    {"1", "expected an object, found a number"},
    {"\"stats\"", "expected an object, found a string"},
    {"{}", "req: missing; op: missing"},
    {R"({"op":"stats"})", "req: missing"},
    {R"({"req":-1,"op":"stats"})", "req: "},
    {R"({"req":1.5,"op":"stats"})", "req: "},
    {R"({"req":"1","op":"stats"})", "req: expected"},
    {R"({"req":1,"req":2,"op":"stats"})", "req: stands twice"},
    {"{\"req\":1" + members + "}", "more than 32 members"},
  };
  words lines;
  for (const auto& row : rows) lines.push_back(row.line);
  lines.emplace_back(count_of_events);
  const auto answers = lines_of(said({"pipe", "--store", "memory:"}, {.in = joined(lines)}));
  REQUIRE(answers.size() == lines.size());
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(rows[i].line);
    const auto start = R"({"req":null,"ok":false,"line":)" + std::to_string(i + 1) +
                       R"(,"error":{"code":"invalid_argument","message":")";
    const auto found = std::ranges::find_if(answers, [&](const auto& a) { return a.starts_with(start); });
    REQUIRE(found != answers.end());
    CHECK_MESSAGE(has(*found, rows[i].says), *found);
    CHECK(has(*found, R"("outcome":"not_written"})"));
  }
  CHECK(std::ranges::count(answers, R"({"req":1,"ok":true,"events":0,"types":{}})") == 1);
}

TEST_CASE("a line that is no JSON is answered with its req, where that stands in front of the fault") {
  const struct {
    std::string behind; ///< of the req, with which the line begins
    std::string says;
  } rows[] = {
    {R"(,"op":"append","streams":[{"stream":"a","events":[{"type":"t","data":NaN}]}]})", "no JSON"},
    {R"(,"op":"append","streams":[{"stream":"a","events":[{"type":"t","data":"\ud800"}]}]})", "no JSON"},
    {R"(,"op":"append","streams":[{"stream":"a","events":[{"type":"t","data":)" + std::string(300, '[') +
       std::string(300, ']') + "}]}]}",
     "nests deeper than 128 levels"},
    {R"(,"op":"stats")", "no JSON"},
    {R"(,"op":"sta)", "no JSON"},
    {",", "no JSON"},
    {",\"op\":\"\xff\"}", "no JSON"},
    {",\"\xff\":1}", "no JSON"},
    {std::string(",\"op\":\0}", 8), "no JSON"},
    {R"(,"op":"stats"])", "no JSON"},
  };
  words lines;
  for (const auto& row : rows) lines.push_back("{\"req\":" + std::to_string(lines.size() + 1) + row.behind);
  lines.emplace_back(R"({ "op":[{}], "\u0072eq" : 99 , "x":NaN})");
  const auto answers = lines_of(said({"pipe", "--store", "memory:"}, {.in = joined(lines)}));
  REQUIRE(answers.size() == lines.size());
  for (std::size_t i = 0; i < std::size(rows); ++i) { // they are answered as they are read
    CAPTURE(lines[i]);
    const auto start = "{\"req\":" + std::to_string(i + 1) + R"(,"ok":false,"error":{"code":"invalid_argument")";
    CHECK_MESSAGE(answers[i].starts_with(start), answers[i]);
    CHECK(has(answers[i], rows[i].says));
  }
  CHECK(answers.back().starts_with(R"({"req":99,"ok":false)"));
}

TEST_CASE("data may nest as deep as the limit by every entrance, and no deeper") {
  const skald::test::temporary_folder folder;
  const auto url = [&](const std::string& name) { return "sqlite:" + (folder.path() / name).string(); };
  const auto data = [](std::size_t levels) {
    return "\"data\":" + std::string(levels, '[') + std::string(levels, ']') + ',';
  };
  const auto event = [&](std::size_t levels) { return data(levels) + R"("type":"deep")"; };
  const auto record = [&](std::size_t levels) {
    return R"({"stream":"a","created":"2024-01-02T03:04:05.006Z","id":")" + id_of(1) + "\"," + event(levels) + '}';
  };
  const auto append = [&](std::size_t levels) {
    return R"({"req":1,"op":"append","streams":[{"stream":"a","events":[{)" + event(levels) + "}]}]}";
  };
  const auto hydrate = [](const std::string& records) {
    return R"({"req":1,"op":"hydrate","records":)" + records + '}';
  };
  const auto import = [&](std::size_t levels) {
    const auto log = (folder.path() / "log").string();
    std::ofstream{log} << record(levels) << '\n';
    return run({"import", log, "--store", url("imported")});
  };
  constexpr auto limit = skald::limits::json_depth;
  CHECK(import(limit).status == 0);
  CHECK(has(answer_of(url("appended"), append(limit)), R"("ok":true)"));
  for (const auto* from : {"imported", "appended"}) {
    const auto read = answer_of(url(from), R"({"req":1,"op":"read","stream":"a"})");
    const auto begin = read.find(R"("records":)") + 10;
    const auto records = read.substr(begin, read.find(R"(,"next":)") - begin);
    CHECK(has(records, data(limit)));
    const auto into = url(std::string{"hydrated from "} + from);
    CHECK(has(answer_of(into, hydrate(records)), R"("written":1)"));
  }
  const std::string why = "data of 'deep': this nests deeper than 128 levels at byte 128";
  const auto imported = import(limit + 1);
  CHECK(imported.status != 0);
  CHECK_MESSAGE(has(imported.out + imported.err, why), imported.out, imported.err);
  for (const auto& line : {append(limit + 1), hydrate('[' + record(limit + 1) + ']')}) {
    const auto refused = answer_of("memory:", line);
    CHECK_MESSAGE(has(refused, why), refused);
    CHECK(has(refused, R"({"req":1,"ok":false)"));
  }
}

TEST_CASE("a damaged record is answered as such, and no other is kept back for it") {
  const skald::test::sqlite backend;
  for (const auto* stream : {"a", "b"})
    CHECK(has(answer_of(backend.url(), std::string{R"({"req":1,"op":"append","streams":[{"stream":")"} + stream +
                                         R"(","events":[{"type":"t","data":1}]}]})"),
              R"("ok":true)"));
  skald::test::run_sql(backend.folder.path() / "events.db", "UPDATE skald_events SET data = '2' WHERE position = 1");
  const auto answers =
    answers_of(backend.url(), {R"({"req":1,"op":"read","streams":["a"]})", R"({"req":2,"op":"read_all"})",
                               R"({"req":3,"op":"read","streams":["b"]})"});
  REQUIRE(answers.size() == 3);
  for (const auto answer : {0, 1}) {
    CHECK_MESSAGE(has(answers[answer], R"("code":"corrupt")"), answers[answer]);
    CHECK_MESSAGE(has(answers[answer], "the event at position 1, "), answers[answer]);
  }
  CHECK_MESSAGE(has(answers[2], R"({"req":3,"ok":true)"), answers[2]);
}

TEST_CASE("the counts of stats agree while appends run") {
  const skald::test::sqlite backend;
  words lines;
  for (int i = 1; i < 600; i += 2) {
    lines.push_back("{\"req\":" + std::to_string(i) +
                    R"(,"op":"append","streams":[{"stream":"a","events":[{"type":"t","data":1}]}]})");
    lines.push_back("{\"req\":" + std::to_string(i + 1) + R"(,"op":"stats"})");
  }
  for (const auto& answer : answers_of(backend.url(), lines)) {
    const auto at = answer.find(R"("events":)");
    if (at == std::string::npos) continue;
    const auto events = answer.substr(at + 9, answer.find(',', at) - at - 9);
    CHECK_MESSAGE(has(answer, events == "0" ? R"("types":{})" : R"("types":{"t":)" + events + '}'), answer);
  }
}

TEST_CASE("a line that is too long is answered, and the next line is served") {
  const auto answers =
    answers_of("memory:", {R"({"req":1,"op":")" + std::string(tools::line_reader::most_line_bytes, 'x'),
                           R"({"req":2,"op":"stats"})"});
  REQUIRE(answers.size() == 2);
  CHECK(has(answers[0], R"({"req":2,"ok":true)"));
  CHECK(has(answers[1], R"({"req":null,"ok":false,"line":1,)"));
  CHECK(has(answers[1], "divide the request"));
}

TEST_CASE("a req is used once, whether its request was served or not, and blank lines are none") {
  const auto answers = answers_of("memory:", {R"({"req":1,"op":"stats"})", "", "  \t\r", R"({"req":1,"op":"stats"})",
                                              R"({"req":2,"op":"fly"})", R"({"req":2,"op":"stats"})"});
  REQUIRE(answers.size() == 4);
  CHECK(has(answers[0], R"({"req":1,"ok":true)"));
  CHECK(has(answers[1], R"({"req":2,"ok":false,"error")"));
  CHECK(has(answers[1], "there is no 'fly', there are append, hydrate, read, read_all, status, relate, related, "
                        "snapshot, stats"));
  CHECK(has(answers[2], R"({"req":null,"ok":false,"line":4,)"));
  CHECK(has(answers[2], "req: 1 was used before"));
  CHECK(has(answers[3], R"({"req":null,"ok":false,"line":6,)"));
}

TEST_CASE("numbers that follow each other are remembered in one piece, in whatever order they come") {
  tools::number_set used;
  for (const std::uint64_t number : {5u, 1u, 3u, 2u, 4u}) CHECK(used.insert(number));
  CHECK(used.ranges() == 1);
  for (std::uint64_t number = 1; number <= 5; ++number) CHECK_FALSE(used.insert(number));
  CHECK(used.insert(0));
  CHECK(used.insert(UINT64_MAX));
  CHECK_FALSE(used.insert(UINT64_MAX));
  CHECK(used.insert(7));
  CHECK(used.ranges() == 3);
}

TEST_CASE("all that is wrong with a request is told at once, each with its path") {
  const struct {
    std::string members;
    std::string says;
  } rows[] = {
    {R"("op":"append","streams":[{"events":[{"type":1,"data":1},{"data":1,"colour":2}]},5],"emit":"no")",
     "streams[0].stream: missing; streams[0].events[0].type: expected a string, found a number; "
     "streams[0].events[1].type: missing; streams[0].events[1].colour: unknown; "
     "streams[1]: expected an object, found a number; emit: expected"},
    {R"("op":"append","streams":{},"relations":[{"do":"insert","key":"k"},{"do":"forget"}],"batch":"")",
     "streams: expected an array, found an object; relations[0].stream: missing; "
     "relations[1].do: expected insert, remove, remove_key or remove_stream, found 'forget'"},
    {R"("op":"relate","relations":[{"do":"","key":"k","stream":"s"}])", R"("relations[0].do: expected insert, )"},
    {R"("op":"relate","relations":[{"do":1}])", R"("relations[0].do: expected a string, found a number")"},
    {R"("op":"append","streams":[{"stream":"a","expected":1e+20}])",
     R"("streams[0].expected: expected an integer from 0 to 18446744073709551615, found 1e+20")"},
    {R"("op":"append","streams":[{"stream":"a","expected":null}])",
     R"("streams[0].expected: expected any, no_stream, stream_exists or a number, found null")"},
    {R"("op":"read_all","limit":-0.50)", R"(found -0.50")"},
    {R"("op":"read_all","limit":123456789012345678901234567890123456789012)",
     R"(found 1234567890123456789012345678901234567890...")"},
    {R"("op":"read","stream":"a","after":5)", R"("after: expected an object, found a number")"},
    {R"("op":"read","stream":"a","after":{"counter":1,"id":")" + id_of(1) + "\"}", R"("after.created: missing")"},
    {R"("op":"read","stream":"a","direction":5)", R"("direction: expected a string, found a number")"},
    {R"("op":"hydrate","records":[5])", R"("records[0]: expected an object, found a number")"},
    {R"("op":"append")", "streams: missing"},
    {R"("op":"append","streams":[{"stream":"","expected":"none","events":[{"type":"made","data":1,"id":"1","counter":1}]}])",
     "streams[0].stream: "},
    {R"("op":"append","streams":[{"stream":"a","expected":"none"}])", "streams[0].expected: expected any, no_stream"},
    {R"("op":"append","streams":[{"stream":"a","expected":-1}])", "streams[0].expected: "},
    {R"("op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1,"id":"1","counter":1}]}])",
     "streams[0].events[0].counter: needs created"},
    {R"("op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1,"id":")" + id_of(0) + R"("}]}])",
     "streams[0].events[0].id: is nil, which names no event"},
    {R"("op":"hydrate","records":[{"id":"x"}])",
     "records[0].stream: missing; records[0].type: missing; records[0].data: missing; records[0].created: missing"},
    {R"("op":"read")", "stream: give one of stream, streams and keys"},
    {R"("op":"read","stream":"a","keys":[])", "give one of"},
    {R"("op":"read","stream":"a","direction":"up","limit":-1,"types":"t","after":3)", "direction: expected forward"},
    {R"("op":"read","stream":"a","after":{"id":"x"}})", "no JSON"},
    {R"("op":"read","stream":"a","after":{"id":"x"})", "after.created: missing; after.id: "},
    {R"("op":"read_all","after":{},"limit":1)", "after: expected"},
    {R"("op":"read_all","stream":"a")", "stream: unknown"},
    {R"("op":"status","id":")" + id_of(1) + "\"", "stream: missing; type: missing; created: missing"},
    {R"("op":"relate")", "relations: missing"},
    {R"("op":"related","stream":"a","key":"k")", "give one of stream and key"},
    {R"("op":"snapshot","stream":"a","save":{"state":1})",
     "reducer: missing; save.fingerprint: missing; save.cursor: missing; save.records: missing"},
    {R"("op":null)", "op: expected a string, found null"},
    {R"("op":"stats","\u006fp":"stats")", "op: stands twice"},
  };
  words lines;
  int number = 0;
  for (const auto& row : rows) lines.push_back("{\"req\":" + std::to_string(++number) + ',' + row.members + '}');
  const auto answers = lines_of(said({"pipe", "--store", "memory:"}, {.in = joined(lines)}));
  REQUIRE(answers.size() == lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) { // they are answered as they are read
    CAPTURE(lines[i]);
    CHECK_MESSAGE(has(answers[i], rows[i].says), answers[i]);
    CHECK(has(answers[i], R"("ok":false)"));
  }
}

TEST_CASE("an error is told whatever its message holds, with its outcome") {
  const skald::error why{skald::errc::insertion_failed, "the disk says \xff\"\n", skald::outcome::unknown};
  CHECK(tools::refusal(3, why) == R"({"req":3,"ok":false,"error":{"code":"insertion_failed",)"
                                  R"("message":"'the disk says \\xff\"\\n'","outcome":"unknown"}})");
}

TEST_CASE("names of members are meant, however they are written") {
  CHECK(answer_of("memory:", R"({"\u0072eq":1,"o\u0070":"st\u0061ts"})") ==
        R"({"req":1,"ok":true,"events":0,"types":{}})");
}

TEST_CASE("strings are what their escapes mean") {
  for (const std::string json : {
         R"("")",
         R"("plain")",
         R"("\"\\\/\b\f\n\r\t")",
         R"("\\\\")",
         R"("a\nb\n\nc")",
         R"("\u0000\u001f\u007f")",
         R"("\u0080\u00e4\u07ff")",
         R"("\u0800\u20AC\ud7ff\ue000\uffff")",
         R"("\ud800\udc00\uDBFF\uDFFF")",
         R"("x\ud83d\ude00y\ud83d\ude00")",
         "\"\u00e4\\u00e4\"",
       }) {
    CAPTURE(json);
    CHECK(tools::json_string_in(json) == skald::from_json<std::string>(json).value());
  }
}

TEST_CASE("pipe reads by stream, streams and keys, by type, direction, limit and cursor, and hands cursors back") {
  const small_store there;
  const auto ids = [&](const std::string& members) {
    const auto answer = answer_of(there.url, R"({"req":1,"op":)" + members + '}');
    CHECK_MESSAGE(has(answer, R"("ok":true)"), answer);
    const auto records = answer.substr(0, answer.find("\"next\""));
    std::string found;
    for (auto at = records.find("\"id\":\""); at != std::string::npos; at = records.find("\"id\":\"", at + 1))
      found += records[at + 6 + 35];
    CHECK(answer.ends_with("\"more\":false}"));
    return found;
  };
  const std::string second = R"({"created":"1970-01-03T00:00:00.000Z","id":")" + id_of(2) + "\"}";
  const struct {
    std::string members;
    std::string ids;
  } rows[] = {
    {R"("read","stream":"book-ada")", "12"},
    {R"("read","stream":"nobody")", ""},
    {R"("read","streams":["book-bob","book-ada"])", "123"},
    {R"("read","streams":[])", ""},
    {R"("read","keys":["lent","other"])", "3"},
    {R"("read","streams":["book-bob","book-ada"],"types":["book:lent"])", "13"},
    {R"("read","streams":["book-bob","book-ada"],"limit":2)", "12"},
    {R"("read","streams":["book-bob","book-ada"],"direction":"backward","limit":1)", "3"},
    {R"("read","streams":["book-bob","book-ada"],"after":)" + second, "3"},
    {R"("read","streams":["book-bob","book-ada"],"direction":"backward","after":)" + second, "1"},
    {R"("read_all")", "123"},
    {R"("read_all","limit":1)", "1"},
    {R"("read_all","after":1,"direction":"forward")", "23"},
    {R"("read_all","after":3,"direction":"backward","types":["book:returned"])", "2"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.members);
    CHECK(ids(row.members) == row.ids);
  }
  CHECK(has(answer_of(there.url, R"({"req":1,"op":"read","stream":"book-ada"})"), "\"next\":" + second));
  CHECK(has(answer_of(there.url, R"({"req":1,"op":"read_all","limit":2})"), "\"next\":2,"));
}

TEST_CASE("what is more than a page is read on behind its last record") {
  const skald::test::sqlite backend;
  std::string events;
  constexpr auto count = skald::limits::page_records + 1;
  for (std::size_t i = 0; i < count; ++i) events += (i == 0 ? "" : ",") + std::string{R"({"type":"made","data":1})"};
  answer_of(backend.url(), R"({"req":1,"op":"append","streams":[{"stream":"a","events":[)" + events + "]}]}");
  for (const std::string what : {R"({"req":1,"op":"read_all")", R"({"req":1,"op":"read","stream":"a")"}) {
    const auto first = answer_of(backend.url(), what + '}');
    const auto next = first.rfind(",\"next\":");
    REQUIRE(next != first.npos);
    REQUIRE(first.ends_with(",\"more\":true}"));
    const auto cursor = first.substr(next + 8, first.rfind(",\"more\"") - next - 8);
    const auto rest = answer_of(backend.url(), std::string{what}.append(",\"after\":").append(cursor) + '}');
    CHECK(has(rest, "\"position\":" + std::to_string(count) + ','));
    CHECK_FALSE(has(rest, "\"position\":" + std::to_string(count - 1) + ','));
    CHECK(rest.ends_with("\"more\":false}"));
  }
}

TEST_CASE("pipe hydrates what read answers, once, and tells the status of records") {
  const small_store there;
  const auto read = answer_of(there.url, R"({"req":1,"op":"read_all"})");
  const auto begin = read.find("\"records\":");
  const auto hydrate = R"({"req":1,"op":"hydrate",)" + read.substr(begin, read.find(",\"next\"") - begin) + '}';
  const skald::test::sqlite other;
  CHECK(answer_of(other.url(), hydrate) == R"({"req":1,"ok":true,"written":3,"known":0,"last":3})");
  CHECK(answer_of(other.url(), hydrate) == R"({"req":1,"ok":true,"written":0,"known":3})");
  CHECK(has(answer_of(other.url(), R"({"req":1,"op":"read","stream":"book-ada"})"), R"("data":{ "late" : true })"));
  auto changed = hydrate;
  changed.replace(changed.find(R"({ "late" : true })"), 17, "null");
  CHECK_MESSAGE(has(answer_of(other.url(), changed), R"("written":0,"known":3,"different":[{"record":)"),
                answer_of(other.url(), changed));
  CHECK(has(answer_of(other.url(), changed), R"(with other data or metadata"}]})"));
  const auto status = [&](int id, const std::string& year) {
    return answer_of(other.url(), R"({"req":1,"op":"status","stream":"book-ada","type":"book:lent","id":")" +
                                    id_of(id) + R"(","created":")" + year + R"(-01-01T00:00:00.000Z"})");
  };
  CHECK(status(1, "1970") == R"({"req":1,"ok":true,"exists":true,"outdated":true})");
  CHECK(status(9, "1970") == R"({"req":1,"ok":true,"exists":false,"outdated":true})");
  CHECK(status(9, "1980") == R"({"req":1,"ok":true,"exists":false,"outdated":false})");
}

TEST_CASE("pipe changes relations in the order given, and tells them from both sides") {
  const skald::test::sqlite backend;
  CHECK(answer_of(backend.url(), R"({"req":1,"op":"relate","relations":[{"do":"insert","key":"k","stream":"a"},)"
                                 R"({"do":"insert","key":"k","stream":"b"},{"do":"insert","key":"l","stream":"a"},)"
                                 R"({"do":"insert","key":"m","stream":"c"},{"do":"remove","key":"k","stream":"b"},)"
                                 R"({"do":"remove_stream","stream":"c"},{"do":"remove_key","key":"l"}]})") ==
        R"({"req":1,"ok":true})");
  CHECK(
    has(answer_of(backend.url(), R"({"req":1,"op":"related","key":"k"})"), R"("ok":true,"streams":["a"],"revision":)"));
  CHECK(answer_of(backend.url(), R"({"req":1,"op":"related","stream":"a"})") == R"({"req":1,"ok":true,"keys":["k"]})");
  CHECK(answer_of(backend.url(), R"({"req":1,"op":"related","stream":"c"})") == R"({"req":1,"ok":true,"keys":[]})");
}

TEST_CASE("pipe keeps snapshots and gives them back, and refuses those of records that are not there") {
  const small_store there;
  const auto save = [&](int id) {
    return answer_of(there.url,
                     R"({"req":1,"op":"snapshot","reducer":"desk","stream":"book-ada","save":{"fingerprint":"v1",)"
                     R"("cursor":{"created":"1970-01-03T00:00:00.000Z","id":")" +
                       id_of(id) + R"("},"records":2,"state":{ "lent" : 0 }}})");
  };
  const auto load = [&] {
    return answer_of(there.url, R"({"req":1,"op":"snapshot","reducer":"desk","stream":"book-ada"})");
  };
  CHECK(load() == R"({"req":1,"ok":true,"snapshot":null})");
  CHECK(has(save(9), R"("ok":false,"error":{"code":"invalid_argument")"));
  CHECK(save(2) == R"({"req":1,"ok":true})");
  CHECK(load() == R"({"req":1,"ok":true,"snapshot":{"fingerprint":"v1","cursor":{"created":"1970-01-03T00:00:00.000Z",)"
                  R"("id":")" +
                    id_of(2) + R"("},"records":2,"relation_revision":0,"state":{ "lent" : 0 },"holds":true}})");
}

TEST_CASE("requests in flight together are all answered once, also when the input ends, and appends keep their order") {
  const skald::test::sqlite backend;
  constexpr int count = 3000;
  words lines;
  for (int i = 1; i <= count; ++i)
    lines.push_back("{\"req\":" + std::to_string(i) +
                    R"(,"op":"append","streams":[{"stream":"a","events":[{"type":"made","data":)" + std::to_string(i) +
                    "}]}]}");
  const auto text = joined(lines);
  const auto answers = lines_of(said({"pipe", "--store", backend.url()}, {.in = text.substr(0, text.size() - 1)}));
  REQUIRE(answers.size() == count);
  std::map<int, std::string> by_number;
  for (const auto& answer : answers) by_number[std::stoi(answer.substr(7))] = answer;
  for (int i = 1; i <= count; ++i) {
    const auto n = std::to_string(i);
    CAPTURE(i);
    const auto answer = std::string{R"({"req":)"}.append(n).append(R"(,"ok":true,"revisions":[)").append(n);
    REQUIRE(by_number[i].starts_with(std::string{answer}.append(R"(],"first":)").append(n)));
  }
  CHECK(answer_of(backend.url(), count_of_events) == R"({"req":1,"ok":true,"events":3000,"types":{"made":3000}})");
}

TEST_CASE("no more requests are under way than there is room for, with what they may be answered") {
  const struct {
    std::string members;
    std::size_t most;
  } rows[] = {
    {R"("op":"status","id":"00000000-0000-0000-0000-000000000001","stream":"a","type":"t","created":"2020-01-01T00:00:00.000Z")",
     tools::pipe_session::most_requests},
    {R"("op":"append","command_id":"c","streams":[])", 192},
    {R"("op":"read_all")", 6},
    {R"("op":"related","key":"k")", 12},
    {R"("op":"stats")", 12},
    {R"("op":"snapshot","reducer":"r","stream":"a")", 1},
  };
  for (const auto& row : rows) {
    CAPTURE(row.members);
    skald::node node{{.accept_unknown_types = true}};
    counting out;
    std::ostream stream{&out};
    const auto session = std::make_shared<tools::pipe_session>(node, stream, [] {});
    std::atomic<std::size_t> called{0};
    std::atomic<bool> answering{false};
    std::atomic<std::size_t> taken{0};
    std::size_t taken_before_an_answer = 0;
    std::thread taker;
    const std::function<void()> stop = [] {};
    const auto main = [&]() -> skald::task<void> {
      taker = std::thread{[&] {
        for (std::size_t i = 0; i <= row.most; ++i) {
          const auto line = "{\"req\":" + std::to_string(i) + ',' + row.members + '}';
          called = i;
          called.notify_all();
          session->take({line, i + 1});
          ++taken;
        }
        session->end();
      }};
      boost::asio::post(node.executor(), [&] { answering.wait(false); }); // until then nothing is answered
      auto running = session->run(stop);
      co_await std::move(running);
    };
    std::thread opener{[&] {
      for (auto seen = called.load(); seen != row.most; seen = called) called.wait(seen);
      for (int turns = 0; turns < 1000; ++turns) std::this_thread::yield(); // the last one would be taken by then
      taken_before_an_answer = taken;
      answering = true;
      answering.notify_all();
    }};
    CHECK(node.run(main) == 0);
    taker.join();
    opener.join();
    session->finish();
    CHECK(taken_before_an_answer == row.most);
    CHECK(lines_of(out.text).size() == row.most + 1);
  }
}

TEST_CASE("a request weighs what was read of it, however short its line is") {
  const auto weight_of = [](const std::string& members) {
    return tools::weight_of(tools::parse_request("{\"req\":1," + members + '}').what.value());
  };
  constexpr std::size_t count = 1000;
  std::string events;
  std::string changes;
  std::string records;
  for (std::size_t i = 0; i < count; ++i) {
    events += R"({"type":"t","data":1},)";
    changes += R"({"do":"remove_key","key":"k"},)";
    records +=
      R"({"id":"00000000-0000-0000-0000-000000000001","stream":"a","type":"t","data":1,"created":"2020-01-01T00:00:00Z"},)";
  }
  for (auto* list : {&events, &changes, &records}) list->pop_back();
  CHECK(weight_of(R"("op":"append","streams":[{"stream":"a","events":[)" + events + "]}]") >
        count * sizeof(skald::new_event));
  CHECK(weight_of(R"("op":"relate","relations":[)" + changes + ']') > count * sizeof(skald::relation_change));
  CHECK(weight_of(R"("op":"hydrate","records":[)" + records + ']') > count * sizeof(skald::record));
}

TEST_CASE("a signal ends pipe: what was taken is answered, and the status tells the signal") {
  const skald::test::sqlite backend;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    conversation talk{backend.url()};
    talk.say(count_of_events);
    CHECK(has(talk.hear(), R"({"req":1,"ok":true)"));
    talk.send(signal);
    CHECK(talk.hear().empty());
    const auto done = talk.wait();
    CHECK(done.status == 128 + signal);
    CHECK(done.err.empty());
  }
}

TEST_CASE("pipe ends when nobody reads its answers any more, and keeps what it was told") {
  const skald::test::sqlite backend;
  conversation talk{backend.url()};
  talk.say(count_of_events);
  CHECK(has(talk.hear(), R"({"req":1,"ok":true)"));
  talk.close_answers();
  talk.say(R"({"req":2,"op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1}]}]})");
  const auto done = talk.wait();
  CHECK(done.status == 128 + SIGPIPE);
  CHECK(done.err.empty());
  CHECK(has(answer_of(backend.url(), count_of_events), R"("events":1)"));
}

TEST_CASE("a full disk under the answers ends pipe with a sentence, and what it was told is kept") {
  const skald::test::sqlite backend;
  const auto full = tools::open_file("/dev/full", O_WRONLY);
  tools::descriptor_stream out{full.get(), "standard output"};
  const auto done =
    run({"pipe", "--store", backend.url()},
        {.in = R"({"req":1,"op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1}]}]})"
               "\n",
         .out = &out});
  CHECK(done.status == 1);
  CHECK(has(done.err, "skald: writing standard output: No space left on device"));
  CHECK(lines_of(done.err).size() == 1);
  CHECK(has(answer_of(backend.url(), count_of_events), R"("events":1)"));
}

TEST_CASE("a store that another process uses is served by both") {
  const skald::test::sqlite backend;
  const auto append = [](int number) {
    return "{\"req\":" + std::to_string(number) +
           R"(,"op":"append","streams":[{"stream":"a","events":[{"type":"made","data":1}]}]})";
  };
  conversation talk{backend.url()};
  talk.say(append(1));
  CHECK(has(talk.hear(), R"("revisions":[1])"));
  CHECK(has(answer_of(backend.url(), append(1)), R"("revisions":[2])"));
  talk.say(append(2));
  CHECK(has(talk.hear(), R"("revisions":[3])"));
  CHECK(talk.end().status == 0);
}

TEST_CASE("pipe refuses a store that it cannot open, before it reads a line") {
  const skald::test::temporary_folder folder;
  for (const auto& url :
       {std::string{"mysql://ada:secret@host/db"}, "sqlite:" + (folder.path() / "none" / "events.db").string()}) {
    const auto done = run({"pipe", "--store", url}, {.in = joined({count_of_events})});
    CHECK(done.status == (url.starts_with("mysql") ? 2 : 1));
    CHECK(done.out.empty());
    CHECK(done.err.starts_with("skald: "));
    CHECK_FALSE(has(done.err, "secret"));
  }
}

TEST_CASE("the example drives pipe from Python, with what its standard library has") {
  if (std::system("command -v python3 >/dev/null") != 0) {
    MESSAGE("SKIPPED: there is no python3 here, which runs the example in examples/pipe");
    return;
  }
  const skald::test::sqlite backend;
  for (const auto* again : {"1", "2"}) {
    CAPTURE(again);
    child::process example{"/usr/bin/env", {"python3", SKALD_PIPE_EXAMPLE, SKALD_PROGRAM, backend.url()}};
    const auto done = example.wait();
    CHECK(done.status == 0);
    CHECK(done.err.empty());
    const auto twice = [&](int count) { return std::to_string(*again == '1' ? count : 2 * count) + '\n'; };
    CHECK(done.out == "book-dune is lent to ada\n"
                      "book-dune is lent to ada\n"
                      "book-dune is lent to bob\n"
                      "visits: 1000\n"
                      "refused: wrong_expected_revision, not_written\n"
                      "book:lent: " +
                        twice(2) + "book:returned: " + twice(2) + "reader:visited: " + twice(1000) +
                        "positions are gapless: True\n");
  }
}

TEST_CASE("nobody who waits for the example's pipe waits for ever") {
  if (std::system("command -v python3 >/dev/null") != 0) {
    MESSAGE("SKIPPED: there is no python3 here, which runs the example in examples/pipe");
    return;
  }
  const skald::test::temporary_folder folder;
  const auto program = [&](const std::string& name, const std::string& commands) {
    const auto path = (folder.path() / name).string();
    std::ofstream{path} << "#!/bin/sh\n" << commands << '\n';
    REQUIRE(::chmod(path.c_str(), 0700) == 0);
    return path;
  };
  constexpr const char* script = R"(
import os, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from library import Refused, Skald

def told(skald, **members):
    try:
        return skald.ask("stats", **members).result(timeout=60)["ok"]
    except (Refused, RuntimeError, ValueError) as e:
        return type(e).__name__

with Skald(sys.argv[2], "memory:") as skald:
    print(told(skald, x=float("nan")), told(skald, x="\ud800"), told(skald, req="x"), told(skald))
for program in sys.argv[3:]:
    with Skald(program, "memory:") as skald:
        print(told(skald), told(skald))
)";
  child::process example{"/usr/bin/env",
                         {"python3", "-B", "-c", script, SKALD_PIPE_EXAMPLE, SKALD_PROGRAM,
                          program("ends", "read line"), program("babbles", "read line; echo hello; cat >/dev/null"),
                          program("lists", "read line; echo '[]'; cat >/dev/null")}};
  const auto done = example.wait();
  CHECK(done.err.empty());
  CHECK(done.status == 0);
  CHECK(done.out == "ValueError UnicodeEncodeError Refused True\n"
                    "RuntimeError RuntimeError\n"
                    "RuntimeError RuntimeError\n"
                    "RuntimeError RuntimeError\n");
}
