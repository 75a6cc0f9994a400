#include <doctest/doctest.h>
#include <tests/tools/program.hpp>

#include <algorithm>
#include <string>

using namespace skald_program;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// A folder for logs, and a store in it.
struct place {
  skald::test::temporary_folder folder;
  std::string store = "sqlite:" + (folder.path() / "store").string();

  std::string log(std::string_view text) const {
    const auto file = (folder.path() / "log").string();
    write(file, text);
    return file;
  }

  /// Imports a log and answers the counts.
  std::string import(std::string_view text, words options, const std::string& error = "") const {
    options.insert(options.begin(), {"import", log(text), "--store", store});
    const auto done = run(options);
    if (error.empty())
      CHECK(done.err == "");
    else
      CHECK_MESSAGE(has(done.err, error), done.err);
    return done.out;
  }

  std::string exported() const { return said({"export", "--store", store}); }
};

std::string counts(int written, int known, int refused = 0) {
  return "{\"written\":" + std::to_string(written) + ",\"known\":" + std::to_string(known) +
         ",\"refused\":" + std::to_string(refused) + "}\n";
}

/// What a dry run makes of a log.
child::ended tried(const place& here, std::string_view text, words options) {
  options.insert(options.begin(), {"import", here.log(text), "--dry-run"});
  return run(options);
}

/// The event that a dry run shows, without its id.
std::string event_of(std::string_view text, const words& options) {
  const place here;
  const auto done = tried(here, text, options);
  CHECK_MESSAGE(done.err.empty(), done.err);
  return done.out.substr(0, done.out.rfind(",\"id\":"));
}

/// What a dry run says of a log, behind the name of the file.
std::string refusal_of(std::string_view text, const words& options) {
  const place here;
  const auto done = tried(here, text, options);
  CHECK(done.status == 1);
  CHECK(done.out.empty());
  const auto name = (here.folder.path() / "log").string();
  return done.err.starts_with(name) ? done.err.substr(name.size() + 1) : done.err;
}

constexpr const char* cloud_event =
  R"({"specversion":"1.0","type":"order.placed","source":"/shop","subject":"order-7","id":"A-1",)"
  R"("time":"2024-05-06T09:08:09.5+02:00","datacontenttype":"application/json","traceid":"x","unset":null,)"
  R"("data":{ "total" : 12.50 }})";

const words by_cloud_events{"--format", "cloudevents"};

} // namespace

TEST_CASE("a CloudEvent becomes an event: source and subject name its stream, other attributes are metadata") {
  CHECK(event_of(cloud_event, by_cloud_events) ==
        R"({"stream":"/shop/order-7","type":"order.placed","created":"2024-05-06T07:08:09.500Z",)"
        R"("data":{ "total" : 12.50 },"meta":{"source":"/shop","subject":"order-7","id":"A-1",)"
        R"("datacontenttype":"application/json","traceid":"x"})");
  const std::string rest = R"(,"specversion":"1.0","source":"s","id":"1","type":"t","time":"2024-05-06T07:08:09Z"})";
  const struct {
    std::string text;
    words map;
    std::string has_part;
  } rows[] = {
    {R"({"subject":null)" + rest, {}, R"("stream":"s",)"},
    {R"({"subject":"x")" + rest, {"--map", "stream=subject|source"}, R"("stream":"x",)"},
    {R"({"subject":null)" + rest, {"--map", "stream=subject|source"}, R"("stream":"s",)"},
    {R"({"a":1)" + rest, {}, R"("data":null,"meta":{"a":1,"source":"s","id":"1"})"},
    {R"({"data":null)" + rest, {}, R"("data":null,)"},
    {R"({"data":"{}")" + rest, {}, R"("data":"{}",)"},
    {R"({"data_base64":"AAE=")" + rest, {}, R"("data":{"data_base64":"AAE="},"meta":{"source")"},
    {R"({"data":1,"data_base64":null)" + rest, {}, R"("data":1,)"},
    {R"({"data":{"a":{"b":2}})" + rest, {"--map", "data=data.a,meta=data"}, R"("data":{"b":2},"meta":{"a":{"b":2}})"},
  };
  for (const auto& row : rows) {
    auto options = by_cloud_events;
    options.insert(options.end(), row.map.begin(), row.map.end());
    const auto event = event_of(row.text, options);
    CHECK_MESSAGE(has(event, row.has_part), event);
  }
}

TEST_CASE(
  "CloudEvents keep ids that are UUIDs, others get one that follows from source and id, and twice changes nothing") {
  const place here;
  const auto event = [](const std::string& source, const std::string& id) {
    return R"({"specversion":"1.0","type":"t","time":"2024-05-06T07:08:09Z","source":")" + source + R"(","id":")" + id +
           "\"}";
  };
  const std::string uuid = "0192f5e2-7c1b-7d3f-8a55-0123456789ab";
  // Lines, arrays on a line and over several, objects over several lines, and one that was sent twice.
  const auto log = event("a", "1") + '\n' + event("b", "1") + "\r\n\n[" + event("a", "2") + ", " + event("a", uuid) +
                   " ]\n[\n  " + event("a", "3") + ",\n  " + event("a", "4") +
                   "\n]\n[]\n{\n  \"specversion\"\n:\"1.0\",\n" + event("a", "5").substr(21) + "\n" + event("a", "1");
  CHECK(here.import(log, by_cloud_events) == counts(7, 1));
  CHECK(here.import(log, by_cloud_events) == counts(0, 8));
  const auto all = here.exported();
  CHECK(has(all, uuid));
  CHECK(has(all, R"("id":"ac334ae8-03bf-8e25-912d-a7fb953b97be")"));
  // In the order of the log, though the ids are in none.
  std::string order;
  for (const auto& line : lines_of(said({"read", "a", "--store", here.store})))
    order += line[line.find(R"(,"id":")", line.find("meta")) + 7];
  CHECK(order == "120345");
}

TEST_CASE("what is no CloudEvent is refused with its line, and what is wrong") {
  const std::string rest = R"(,"type":"t","time":"2024-05-06T07:08:09Z"})";
  const struct {
    std::string text;
    std::string says;
  } rows[] = {
    {"{\"a\":1}", "1: specversion: missing: this is no CloudEvent\n"},
    {"\n" + (R"({"specversion":"0.3","source":"s","id":"1")" + rest), "2: specversion: expected 1.0, found '0.3'\n"},
    {R"({"specversion":"1.0","source":"s")" + rest, "1: id: missing\n"},
    {R"({"specversion":"1.0","source":"s","id":7)" + rest, "1: id: expected a string\n"},
    {R"({"specversion":"1.0","source":"s","id":"")" + rest, "1: id: expected a string that is not empty\n"},
    {R"({"specversion":"1.0","id":"1")" + rest, "1: source: missing\n"},
    {R"({"specversion":"1.0","source":"s","id":"1","data":1,"data_base64":"")" + rest, "1: data_base64: expected"},
    {R"({"specversion":"1.0","source":"s","id":"1","data":1,"data_base64":"AA==")" + rest,
     "1: data_base64: there is data, too: it takes one of both\n"},
    {R"({"specversion":"1.0","source":"s","id":"1","type":"t"})",
     "1: created: there is nothing at 'time': say with --map where it is\n"},
    {R"({"specversion":"1.0","source":"s","id":"1","time":"2024-05-06T07:08:09Z"})",
     "1: type: there is nothing at 'type': say with --map where it is\n"},
  };
  for (const auto& row : rows) CHECK(refusal_of(row.text, by_cloud_events).starts_with(row.says));
}

TEST_CASE("a map says where the members are in JSON of any shape") {
  const std::string object =
    R"({"id":"2489651045","event":{"na.me":"opened","n":7},"repo":{"name":"ada/engine"},"on":"2024-05-06","at":"07:08:09Z",)"
    R"("list":[{"x":"first"},null],"quote'\"":"q","payload":{ "a" : [1] },"none":null,"ok":true})";
  const std::string all = "stream=repo.name,created=on+'T'+at,";
  const struct {
    std::string map;
    std::string part;
  } rows[] = {
    {all + "type='issue:opened'",
     R"({"stream":"ada/engine","type":"issue:opened","created":"2024-05-06T07:08:09.000Z",)"},
    {all + "type='it''s'", R"("type":"it's")"},
    {all + "type='issue:'+event.\"na.me\"", R"("type":"issue:opened")"},
    {all + "type=event.n", R"("type":"7")"},
    {all + "type=ok", R"("type":"true")"},
    {all + "type=list.0.x", R"("type":"first")"},
    {all + "type=list.1|list.2|none|event.none|ok.x|'last'", R"("type":"last")"},
    {all + "type=none+'x'|'last'", R"("type":"last")"},
    {all + "type=.list.0.x", R"("type":"first")"},
    {all + R"(type="quote'""")", R"("type":"q")"},
    {all + "type='t'", R"("data":)" + object},
    {all + "type='t',data=.", R"("data":)" + object},
    {all + "type='t',data=payload,meta=event", R"("data":{ "a" : [1] },"meta":{"na.me":"opened","n":7})"},
    {all + "type='t',data=none,meta=none", R"("data":null)"},
    {all + "type='t',data=repo.name+'!'", R"("data":"ada/engine!")"},
    {all + "type='t',data=repo.name", R"("data":"ada/engine")"},
  };
  for (const auto& row : rows) {
    const auto event = event_of(object, {"--map", row.map});
    CHECK_MESSAGE(has(event, row.part), row.map << ": " << event);
  }
  // Members that are not mapped are read from their own names.
  CHECK(event_of(R"({"stream":"s","type":"t","created":1714979289,"by":"ada"})",
                 {"--format", "json", "--time", "seconds"}) ==
        R"({"stream":"s","type":"t","created":"2024-05-06T07:08:09.000Z","data":)"
        R"({"stream":"s","type":"t","created":1714979289,"by":"ada"})");
}

TEST_CASE("a mapped log is imported once, by its ids where they are mapped, and keeps its order") {
  const place here;
  const std::string log = R"({"k":"a","n":3,"e":"1"})"
                          "\n"
                          R"({"k":"a","n":1,"e":"2"})"
                          "\n"
                          R"({"k":"b","n":2,"e":"1"})";
  const words options{"--map", "stream=k,type='made',created='2024-05-06T07:08:09Z',data=n,id=e"};
  CHECK(here.import(log, options) == counts(3, 0));
  CHECK(here.import(log, options) == counts(0, 3));
  const auto read = said({"read", "a", "--store", here.store});
  CHECK(read.find("\"data\":3") < read.find("\"data\":1"));
  CHECK(has(here.exported(), "941e9bf4-6b90-8cc5-ba40-78472ff1e88a")); // for good
  // An id is one of its stream, and another event under it is told.
  CHECK(here.import(R"({"k":"a","n":9,"e":"1"})", options, "with other data or metadata") == counts(0, 0, 1));
  const words without_ids{"--map", "stream=k,type='made',created='2024-05-06T07:08:09Z',data=n"};
  CHECK(here.import(log, without_ids) == counts(3, 0));
  CHECK(here.import(log, without_ids) == counts(0, 3));
}

TEST_CASE("a map that does not fit is refused before a log or store is touched") {
  const struct {
    std::string map;
    std::string says;
  } rows[] = {
    {"subject", "expected stream=, type=, created=, data=, meta= or id=, at byte 0"},
    {"revision=x", "expected stream=, type=, created=, data=, meta= or id=, at byte 0"},
    {"stream=", "expected a name, a point or a text in single quotes, at byte 7"},
    {"stream=a,", "expected stream=, type="},
    {"stream=a,stream=b", "stream stands twice"},
    {"stream=a..b", "expected a name"},
    {"stream=a.", "expected a name"},
    {"stream=a+", "expected a name"},
    {"stream=a|", "expected a name"},
    {"stream='a", "a quote is not closed, at byte 8"},
    {"stream=\"a", "a quote is not closed"},
    {"stream='a'b", "expected a comma, at byte 10"},
    {"stream=a'b'", "expected a comma, at byte 8"},
  };
  const place here;
  for (const auto& row : rows) {
    const auto done = run({"import", here.log("{}"), "--map", row.map, "--store", here.store});
    CHECK(done.status == 2);
    CHECK_MESSAGE(has(done.err, "--map: " + row.says), done.err);
    CHECK(has(done.err, ": it takes a list such as stream=subject,created=time,type='a:b',data=."));
  }
  CHECK(has(run({"import", here.log("{}"), "--format", "xml", "--store", here.store}).err,
            "--format: 'xml' is none: it takes skald, json, cloudevents or csv"));
  CHECK(has(run({"import", here.log("{}"), "--format", "skald", "--map", "data=.", "--store", here.store}).err,
            "--map: skald's own lines have no map"));
  CHECK_FALSE(std::filesystem::exists(here.folder.path() / "store"));
}

TEST_CASE("JSON that does not fit is refused with its line, and costs no other event") {
  const std::string good = R"({"stream":"s","type":"t","created":"2024-05-06T07:08:09Z"})";
  const words options{"--format", "json"};
  const struct {
    std::string text;
    std::string says;
    int others; ///< events of the log
  } rows[] = {
    {"hello\n" + good, ":1: expected an object or an array of objects, found 'hello'", 1},
    {"7\n" + good, ":1: expected an object or an array of objects, found '7'", 1},
    {good + "\n[1]\n", ":2: expected an object or an array of objects, found '1]'", 1},
    {good + " x\n" + good, ":1: this is no JSON: there is more after the object: 'x'", 1},
    {"[" + good + good + "]", ":1: this is no JSON: there is more after the object", 0},
    {"[,]\n", ":1: expected an object or an array of objects, found ',]'", 0},
    {"]\n" + good, ":1: expected an object or an array of objects, found ']'", 1},
    {"[" + good + ",\n" + good + "\n", ":1: the array that begins here does not end: the log is cut off", 2},
    // Of a line that is cut off, nothing else is taken for a part of it.
    {"{\"stream\":\"s\",\n" + good,
     ":1: this is no JSON: the object does not end before the next one begins, in line 2", 1},
    {"{\"stream\":\"s\n" + good, ":1: this is no JSON: a string does not end in its line", 1},
    {good + "\n{\"stream\":", ":2: this is no JSON: the object does not end before the log does", 1},
    {"{\"stream\":\"s\\\"}\n" + good, ":1: this is no JSON: a string does not end in its line", 1},
    {"{]}\n" + good, ":1: ", 1},
    {R"({"stream":{}})", ":1: stream: expected a string or a number, found an object: say with --map which part of it",
     0},
    {R"({"stream":null})", ":1: stream: there is nothing at 'stream': say with --map where it is", 0},
    {R"({"stream":""})", ":1: stream: a stream id is empty", 0},
    {R"({"stream":"s"})", ":1: type: there is nothing at 'type'", 0},
    {R"({"stream":"$s","type":"t","created":"2024-05-06T07:08:09Z"})", "names that start with '$' are reserved", 0},
    {R"({"stream":"s","type":"t","created":"today"})", ":1: created: 'today' is no timestamp", 0},
    {R"({"stream":"s","type":"t","created":)" + std::string(300, '[') + std::string(300, ']') + "}", ":1: ", 0},
    {R"({"stream":")" + std::string(65 << 20, 'x') + "\"}\n" + good, ":1: the line is longer than any event may be", 1},
  };
  for (const auto& row : rows) {
    const place here;
    const auto done = run({"import", here.log(row.text), "--store", here.store, "--format", "json"});
    CHECK(done.status == 1);
    CHECK_MESSAGE(has(done.err, row.says), done.err);
    CHECK_MESSAGE(
      done.out.starts_with(row.others == 2 ? "{\"written\":2" : "{\"written\":" + std::to_string(row.others)),
      row.text.substr(0, 100) << done.out << done.err);
  }
}

TEST_CASE("rows of comma-separated values become events, with quotes, commas, line ends and empty fields") {
  const place here;
  const std::string log = "case id,activity,time,note\r\n"
                          "7,\"say \"\"hi\"\", or not\",2024-05-06 07:08:09+00:00,\"two\r\nlines\n\"\r\n"
                          "\r\n"
                          "8,go,2024-05-06T07:08:10Z,\n"
                          "8,stop,2024-05-06T07:08:10Z,\"\"";
  const words options{"--format", "csv", "--map", "stream='case-'+case id,type=activity,created=time"};
  CHECK(here.import(log, options) == counts(3, 0));
  CHECK(here.import(log, options) == counts(0, 3));
  const auto lines = lines_of(here.exported());
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with(
    R"({"stream":"case-7","type":"say \"hi\", or not","created":"2024-05-06T07:08:09.000Z","data":{"case id":"7",)"
    R"("activity":"say \"hi\", or not","time":"2024-05-06 07:08:09+00:00","note":"two\r\nlines\n"},"id":)"));
  CHECK(has(lines[1], R"("note":null})"));
  CHECK(has(lines[2], R"("note":""})"));
  CHECK(has(lines[2], R"("counter":1)")); // after the other one of its time
  CHECK(
    event_of("\xef\xbb\xbfstream,type,created\na,b,2024-05-06T07:08:09Z", {"--format", "csv", "--map", "data=type"}) ==
    R"({"stream":"a","type":"b","created":"2024-05-06T07:08:09.000Z","data":"b")");
  CHECK(event_of(",stream,type,created,\"a,b\"\n0,a,b,2024-05-06T07:08:09Z,x",
                 {"--format", "csv", "--map", R"(data="a,b",meta="")"}) ==
        R"({"stream":"a","type":"b","created":"2024-05-06T07:08:09.000Z","data":"x","meta":"0")");
  CHECK(here.import("", {"--format", "csv"}) == counts(0, 0));
}

TEST_CASE("a row that does not fit is refused with its line, and costs no other row") {
  const std::string head = "stream,type,created\n";
  const std::string good = "\ns,t,2024-05-06T07:08:09Z";
  const struct {
    std::string row;
    std::string says;
    int others;
  } rows[] = {
    {"a,b", ":2: the row has 2 fields, and the first row names 3 columns", 1},
    {"a,b,2024-05-06T07:08:09Z,", ":2: the row has more than 3 fields: put a field that has commas into quotes", 1},
    {"a,b\"c\",d", ":2: there is a quote inside the field 'b\"c\"'", 1},
    {"a,\"b\"c,d", ":2: there is more after the quotes of the field 'b'", 1},
    {"a,b,\"2024-05-06T07:08:09Z", ":2: a quote is opened in this row, and not closed before the log ends", 0},
    {"a,\xff,2024-05-06T07:08:09Z", "is not UTF-8: convert the log first (iconv -t utf-8)", 1},
    {"a,b,yesterday", ":2: created: 'yesterday' is no timestamp", 1},
    {",b,2024-05-06T07:08:09Z", ":2: stream: there is nothing at 'stream'", 1},
    {"\"a\n\",b", ":2: the row has 2 fields", 1},
  };
  for (const auto& row : rows) {
    const place here;
    CHECK(here.import(head + row.row + good, {"--format", "csv"}, row.says) == counts(row.others, 0, 1));
  }
  // A quote that is not closed costs no more memory than a row may.
  std::string open = "\"";
  for (int i = 0; i < 70; ++i) open += std::string(1 << 20, 'x') + "\n";
  const place here;
  CHECK(
    has(here.import(head + open + good, {"--format", "csv"}, ":2: a quote is opened in this row, which is then longer"),
        "{\"written\":1,"));
  const struct {
    std::string head;
    std::string says;
  } heads[] = {
    {"a,b,a\n", "line 1, which names the columns: the column 'a' stands twice: give each another name"},
    {"\n\"a\n", "line 2, which names the columns: a quote is opened in this row"},
    {std::string(2000, ','), "line 1, which names the columns: the row has more than 1,000 fields"},
  };
  for (const auto& row : heads) {
    const auto log = here.log(row.head + good);
    const auto done = run({"import", log, "--format", "csv", "--store", here.store});
    CHECK(done.status == 1);
    CHECK_MESSAGE(has(done.err, "reading '" + log + "': " + row.says), done.err);
    CHECK(done.out.empty());
  }
}

TEST_CASE("a dry run shows what the first events of each log would be, and what does not fit, without a store") {
  const place here;
  std::string log = "junk\n";
  for (int i = 0; i < 20; ++i)
    log += R"({"stream":"s-)" + std::to_string(i) + R"(","type":"t","created":"2024-05-06T07:08:09Z","data":1})" + "\n";
  const auto done = run({"import", "--dry-run", here.log(log), "-", "--store", here.store}, {.in = log});
  CHECK(done.status == 1);
  CHECK(lines_of(done.out).size() == 20);
  CHECK(done.out.starts_with(
    R"({"stream":"s-0","type":"t","created":"2024-05-06T07:08:09.000Z","data":1,"id":"01abce3b-4342-84ba-aa8d-c3f8b1d93950"})"));
  CHECK(done.err == here.log(log) + ":1: this is no JSON: syntax error at byte 0\n" +
                      "standard input:1: this is no JSON: syntax error at byte 0\n");
  CHECK_FALSE(std::filesystem::exists(here.folder.path() / "store"));
  CHECK(has(said({"import", "--dry-run", "--table", here.log(log.substr(5))}),
            "created                   counter  stream  type  data\n"
            "2024-05-06T07:08:09.000Z        0  s-0     t     1\n"));
  // What the store would refuse is told, too.
  CHECK(has(
    run({"import", "--dry-run", here.log(R"({"stream":"$s","type":"t","created":"2024-05-06T07:08:09Z","data":1})")})
      .err,
    ":1: "));
}
