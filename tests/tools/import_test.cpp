#include <doctest/doctest.h>
#include <tests/tools/program.hpp>

#include <string>

using namespace skald_program;

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

std::string counts(int written, int known, int refused) {
  return "{\"written\":" + std::to_string(written) + ",\"known\":" + std::to_string(known) +
         ",\"refused\":" + std::to_string(refused) + "}\n";
}

/// What stands between `"name":` and the comma after it, in each line.
std::string values_of(const std::string& lines, const std::string& name) {
  std::string values;
  for (const auto& line : lines_of(lines)) {
    const auto at = line.find('"' + name + "\":");
    const auto begin = at == std::string::npos ? line.size() : at + name.size() + 3;
    values += line.substr(begin, line.find_first_of(",}", begin) - begin) + ' ';
  }
  return values;
}

std::string made(const std::string& created, const std::string& data) {
  return R"({"stream":"s","type":"made","created":)" + created + R"(,"data":)" + data + "}\n";
}

} // namespace

TEST_CASE(
  "times with offsets, microseconds and nanoseconds are imported in UTC, in the order of the log, and only once") {
  const place here;
  const auto log = here.log("log", "\xef\xbb\xbf" + made(R"("2024-05-06T09:08:09.123456+02:00")", "3") + // after a mark
                                     made(R"("2024-05-06 07:08:09.1234567Z")", "1") +
                                     made(R"("2024-05-06t07:08:09.123456789z")", "2") +
                                     made(R"("2024-05-06T07:08:09.123456789Z")", "2") +
                                     made(R"("2024-05-06T07:08:09.123456790Z")", "0") + // no step after it
                                     made(R"("2024-05-06T07:08:09.124-00:00")", "9"));
  CHECK(said({"import", log, "--store", here.store("a")}) == counts(6, 0, 0));
  const auto read = said({"read", "s", "--store", here.store("a")});
  CHECK(values_of(read, "data") == "3 1 2 2 0 9 ");
  CHECK(values_of(read, "counter") == "29184 29228 29234 29235 29236  ");
  CHECK(has(read, R"("created":"2024-05-06T07:08:09.123Z")"));

  CHECK(said({"import", log, "--store", here.store("a")}) == counts(0, 6, 0));
  const auto exported = said({"export", "--store", here.store("a")});
  CHECK(said({"import", here.log("again", exported), "--store", here.store("b")}) == counts(6, 0, 0));
  CHECK(said({"export", "--store", here.store("b")}) == exported);
  CHECK(said({"import", log, "--store", here.store("b")}) == counts(0, 6, 0));
  // The twin of an event, a microsecond before it, is another one.
  const auto twin = made(R"("2024-05-06T07:08:09.123455Z")", "3");
  CHECK(said({"import", here.log("more", twin + text_of(log).substr(3)), "--store", here.store("a")}) ==
        counts(1, 6, 0));
}

TEST_CASE("the ids of events without ids follow from what their times say beyond milliseconds, for good") {
  const place here;
  const auto log =
    here.log("log", made(R"("2024-01-01T00:00:00.000Z")", "3") + made(R"("2024-01-01T01:00:00.000000+01:00")", "4") +
                      made(R"("2024-01-01T00:00:00.000001Z")", "3") +
                      R"({"stream":"s","type":"made","created":"2024-01-01T00:00:00.002Z","data":3,"counter":7})");
  CHECK(said({"import", log, "--store", here.store("a")}) == counts(4, 0, 0));
  const auto ids = values_of(said({"read", "s", "--store", here.store("a")}), "id");
  CHECK(ids == R"("b5e1c866-1fd5-884b-b941-dc46cf4c276a" "2f5dcc49-a0d4-809c-955d-ce33c6afb46f" )"
               R"("8a9cc3db-9313-8761-9f3c-99fdc4858a09" "2e9a726a-4ce0-877d-a949-c36a01dde867" )");
}

TEST_CASE("more events than a millisecond has counters keep the order of the log") {
  const place here;
  std::string log;
  constexpr int count = 70'000;
  for (int i = 0; i < count; ++i) log += made(R"("2024-01-01T00:00:00Z")", std::to_string(i));
  log += made(R"("2024-01-01T00:00:00.001Z")", std::to_string(count));
  CHECK(said({"import", here.log("log", log), "--store", here.store("a")}) == counts(count + 1, 0, 0));
  CHECK(said({"import", here.file("log"), "--store", here.store("a")}) == counts(0, count + 1, 0));
  std::string order;
  for (int i = 0; i <= count; ++i) order += std::to_string(i) + ' ';
  CHECK(values_of(said({"read", "s", "--store", here.store("a")}), "data") == order);
}

TEST_CASE("epoch times are imported where --time says so, as numbers and as strings") {
  const place here;
  const auto log = here.log("log", made("953074800.25", "1") + made(R"("953074800.2500001")", "2"));
  CHECK(said({"import", log, "--time", "seconds", "--store", here.store("a")}) == counts(2, 0, 0));
  const auto read = said({"read", "s", "--store", here.store("a")});
  CHECK(values_of(read, "created") == R"("2000-03-14T23:00:00.250Z" "2000-03-14T23:00:00.250Z" )");
  CHECK(values_of(read, "counter") == " 6 ");
  CHECK(said({"import", here.log("ms", made("953074800250", "1") + made("953074800250.0001", "2")), "--time",
              "milliseconds", "--store", here.store("a")}) == counts(0, 2, 0));
  CHECK(said({"import", here.log("utc", made(R"("2000-03-14 23:00:00.25")", "1")), "--time", "utc", "--store",
              here.store("a")}) == counts(0, 1, 0));
}

TEST_CASE("a time that cannot be kept is refused with its line, and what to do about it") {
  const struct {
    words options;
    std::string created;
    std::string says;
  } rows[] = {
    {{},
     R"("1815-06-18T11:35:00Z")",
     "created: '1815-06-18T11:35:00Z' is no timestamp: it lies before 1970, where times of creation begin: keep that "
     "date "
     "in the data, and give as created when it was recorded"},
    {{}, R"("2024-01-01 00:00:00")", "; where the log means UTC, import it with --time utc"},
    {{},
     "953074800",
     "expected a string, found a number; where it counts from 1970, import the log with --time seconds"},
    {{}, "null", "created: expected a string"},
    {{"--time", "seconds"}, "true", "created: expected a string"},
    {{"--time", "seconds"}, "-1", "created: '-1' is no timestamp: it lies before 1970"},
    {{"--time", "seconds"}, R"("1x")", "created: '1x' is no timestamp: it takes seconds since 1970"},
    {{"--exact-times"}, R"("2024-01-01T00:00:00.0001Z")", "cannot be kept exactly"},
    {{},
     R"("2024-01-01T00:00:00.0001Z","counter":7)",
     "counter: created is finer than a millisecond, which gives it the counter 6400: leave out one of both"},
  };
  const place here;
  for (const auto& row : rows) {
    words command{"import", here.log("log", made(row.created, "1") + made(R"("2024-01-01T00:00:00Z")", "1")), "--store",
                  "memory:"};
    command.insert(command.end(), row.options.begin(), row.options.end());
    const auto done = run(command);
    CHECK(done.status == 1);
    CHECK_MESSAGE(done.err.starts_with(here.file("log") + ":1: "), done.err);
    CHECK_MESSAGE(has(done.err, row.says), done.err);
  }
  const auto done = run({"import", here.file("log"), "--time", "minutes", "--store", here.store("a")});
  CHECK(done.status == 2);
  CHECK(has(done.err, "--time: 'minutes' is no style: it takes rfc3339, utc, seconds or milliseconds"));
  CHECK_FALSE(std::filesystem::exists(here.file("a")));
}

TEST_CASE("pipe reads times as import does: offsets, microseconds, and a byte order mark in front of all") {
  const skald::test::sqlite backend;
  const auto answer_of = [&](const std::string& line) {
    return said({"pipe", "--store", backend.url()}, {.in = line + '\n'});
  };
  const auto id_of = [](int number) { return "00000000-0000-0000-0000-00000000000" + std::to_string(number); };
  const auto event = [&](int id, const std::string& created) {
    return R"({"id":")" + id_of(id) + R"(","type":"made","data":1,"created":)" + created + '}';
  };
  CHECK(has(answer_of("\xef\xbb\xbf"
                      R"({"req":1,"op":"append","streams":[{"stream":"a","events":[)" +
                      event(1, R"("2001-02-03 05:05:06.000001+01:00")") + ',' +
                      event(2, R"("2001-02-03t04:05:06.000002z")") + "]}]}"),
            R"("revisions":[2])"));
  CHECK(has(answer_of(R"({"req":1,"op":"hydrate","records":[{"stream":"a",)" +
                      event(3, R"("2001-02-03T04:05:06.0000015Z")").substr(1) + "]}"),
            R"("written":1)"));
  // Cursors, too.
  const auto read = answer_of(R"({"req":1,"op":"read","stream":"a","after":{"id":")" + id_of(1) +
                              R"(","created":"2001-02-03T04:05:06.000001-00:00"}})");
  const auto third = read.find(id_of(3));
  CHECK(third < read.find(id_of(2)));
  CHECK_FALSE(has(read, id_of(1)));
  CHECK(has(read, R"("created":"2001-02-03T04:05:06.000Z","data":1,"id":")" + id_of(2) + R"(","counter":128)"));
  const struct {
    const char* created;
    const char* says;
  } rows[] = {
    {R"("2001-02-03T04:05:06.000001Z","counter":7)", "counter: created is finer than a millisecond"},
    {R"("1969-02-03T04:05:06.000001Z")",
     "it lies before 1970, where times of creation begin: keep that date in the data"},
    {R"("2001-02-03T04:05:06")", "it lacks its offset from UTC"},
  };
  for (const auto& row : rows) {
    const auto answer =
      answer_of(R"({"req":1,"op":"append","streams":[{"stream":"a","events":[)" + event(4, row.created) + "]}]}");
    CHECK_MESSAGE(has(answer, row.says), answer);
  }
}
