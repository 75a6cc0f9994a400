#include <skald/store/open_store.hpp>

#include <doctest/doctest.h>
#include <tests/store/sql.hpp>
#include <tests/tools/program.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <future>
#include <optional>
#include <unistd.h>

using namespace skald_program;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string without_recorded(std::string line) {
  if (const auto begin = line.find(",\"recorded\":\""); begin != std::string::npos)
    line.erase(begin, line.find('"', begin + 13) + 1 - begin);
  return line;
}

/// The ids of the small store's events that a command shows, as the last digit of each.
std::string shown(const words& arguments) {
  std::string ids;
  for (const auto& line : lines_of(said(arguments))) {
    const auto id = line.find("\"id\":\"");
    REQUIRE(id != std::string::npos);
    ids += line[id + 6 + 35];
  }
  return ids;
}

/// A tail that goes on, in this process.
class following {
public:
  explicit following(const words& options) {
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    in_ = tools::descriptor{ends[0]};
    out_ = tools::descriptor{ends[1]};
    lines_.emplace(in_.get(), "the pipe", stop_);
    words arguments{"tail", "-f"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    done_ = std::async(std::launch::async, [this, arguments] {
      tools::descriptor_stream out{out_.get(), "standard output"};
      return run(arguments, {.out = &out, .out_descriptor = out_.get()});
    });
  }

  ~following() { in_ = tools::descriptor{}; } // which ends it
  following(const following&) = delete;
  following& operator=(const following&) = delete;

  std::string next() { return std::string{lines_->next().value().text}; }

  /// Reads no more.
  child::ended leave() {
    in_ = tools::descriptor{};
    return done_.get();
  }

private:
  tools::stop_source stop_;
  tools::descriptor in_;
  tools::descriptor out_;
  std::optional<tools::line_reader> lines_;
  std::future<child::ended> done_;
};

} // namespace

TEST_CASE("init makes a store, says how many events are in one that is there, and harms none") {
  const skald::test::temporary_folder folder;
  const auto url = "sqlite:" + (folder.path() / "new.db").string();
  CHECK(said({"init", "--store", url}) == "{\"store\":\"" + url + "\",\"events\":0}\n");
  CHECK(std::filesystem::exists(folder.path() / "new.db"));

  const small_store there;
  CHECK(said({"init", "--store", there.url, "--table"}) == there.url + " is ready: it holds 3 events\n");
}

TEST_CASE("only init makes a store that is not there") {
  const skald::test::temporary_folder folder;
  const auto file = (folder.path() / "none.db").string();
  for (const auto* command : {"read", "streams", "types", "stats"}) {
    CAPTURE(command);
    const auto done = run({command, "--store", "sqlite:" + file});
    CHECK(done.status == 1);
    CHECK(done.out.empty());
    CHECK(done.err.find(file) != std::string::npos);
    CHECK(lines_of(done.err).size() == 1);
    CHECK_FALSE(std::filesystem::exists(file));
  }
}

TEST_CASE("read shows events as JSON, one a line, with data and metadata byte for byte") {
  const small_store there;
  const auto lines = lines_of(said({"read", "--store", there.url}));
  REQUIRE(lines.size() == 3);
  CHECK(without_recorded(lines[0]) ==
        R"({"stream":"book-ada","type":"book:lent","created":"1970-01-02T00:00:00.000Z","data":{"days":14},)"
        R"("id":"00000000-0000-0000-0000-000000000001","position":1,"revision":1})");
  CHECK(without_recorded(lines[1]) ==
        R"({"stream":"book-ada","type":"book:returned","created":"1970-01-03T00:00:00.000Z",)"
        R"("data":{ "late" : true },"meta":{"desk":2},"id":"00000000-0000-0000-0000-000000000002",)"
        R"("position":2,"revision":2})");
}

TEST_CASE("read shows a table on a terminal, and anywhere with --table, but JSON with --json") {
  const small_store there;
  const std::string table =
    "position  created                   stream    revision  type           data\n"
    "       1  1970-01-02T00:00:00.000Z  book-ada         1  book:lent      {\"days\":14}\n"
    "       2  1970-01-03T00:00:00.000Z  book-ada         2  book:returned  { \"late\" : true }\n"
    "       3  1970-01-04T00:00:00.000Z  book-bob         1  book:lent      {\"days\":7}\n";
  CHECK(said({"read", "--store", there.url}, {.out_is_terminal = true}) == table);
  CHECK(said({"read", "--store", there.url, "--table"}) == table);
  CHECK(said({"read", "--store", there.url, "--json"}, {.out_is_terminal = true}) ==
        said({"read", "--store", there.url}));
  CHECK(run({"read", "--store", there.url, "--json", "--table"}).status != 0);
}

TEST_CASE("read takes streams, relation keys, types, a cursor, a direction and a limit, in any combination") {
  const small_store there;
  const struct {
    words more;
    std::string ids;
  } rows[] = {
    {{}, "123"},
    {{"book-ada"}, "12"},
    {{"book-bob", "book-ada"}, "123"},
    {{"nobody"}, ""},
    {{"--key", "lent"}, "3"},
    {{"-k", "lent", "-k", "other"}, "3"},
    {{"-t", "book:lent"}, "13"},
    {{"-t", "book:lent", "-t", "book:returned", "book-ada"}, "12"},
    {{"--backward"}, "321"},
    {{"--backward", "-n", "2"}, "32"},
    {{"--limit", "1"}, "1"},
    {{"--limit", "0"}, ""},
    {{"--after", "1"}, "23"},
    {{"--after", "2", "--backward"}, "1"},
    {{"--after", there.ids[0].str()}, "23"},
    {{"--after", there.ids[0].str(), "book-ada"}, "2"},
    {{"--after", there.ids[1].str(), "-b", "book-ada"}, "1"},
  };
  for (const auto& row : rows) {
    words all{"read", "--store", there.url};
    all.insert(all.end(), row.more.begin(), row.more.end());
    CAPTURE(all);
    CHECK(shown(all) == row.ids);
  }
}

TEST_CASE("what read cannot do is answered in a sentence") {
  const small_store there;
  const struct {
    words more;
    std::string says;
    int status;
  } rows[] = {
    {{"--after", "00000000-0000-0000-0000-000000000009"}, "there is no event", 1},
    {{"--after", "1", "book-ada"}, "1", 2}, // no position within a stream
    {{"--key", "lent", "book-ada"}, "cannot be read together", 2},
    {{std::string(600, 'x')}, "stream id", 2},
  };
  for (const auto& row : rows) {
    words all{"read", "--store", there.url};
    all.insert(all.end(), row.more.begin(), row.more.end());
    const auto done = run(all);
    CHECK(done.status == row.status);
    CHECK(done.out.empty());
    CHECK_MESSAGE(done.err.find(row.says) != std::string::npos, done.err);
    CHECK(done.err.starts_with("skald: "));
    CHECK(std::ranges::count(done.err, '\n') == row.status);
  }
}

TEST_CASE("people are told where a list holds nothing, and JSON is nothing") {
  const small_store there;
  const struct {
    words command;
    std::string says;
    std::string of_an_empty_one;
  } rows[] = {
    {{"read", "nobody"}, "there are no such events", "there are no events"},
    {{"read", "-t", "none"}, "there are no such events", "there are no events"},
    {{"tail", "-n", "0"}, "there are no such events", "there are no events"},
    {{"relations", "--key", "none"}, "no stream is kept under key 'none'", "no stream is kept under key 'none'"},
    {{"relations", "--stream", "book-ada"},
     "stream 'book-ada' is kept under no key",
     "stream 'book-ada' is kept under no key"},
    {{"snapshots"}, "there are no snapshots", "there are no snapshots"},
    {{"relations"}, "", "there are no relation keys"},
    {{"streams"}, "", "there are no streams"},
    {{"types"}, "", "there are no events"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.command);
    auto command = row.command;
    command.insert(command.end(), {"--store", there.url});
    if (!row.says.empty()) CHECK(said(command).empty());
    if (!row.says.empty()) CHECK(said(command, {.out_is_terminal = true}) == row.says + '\n');
    command.back() = "memory:";
    CHECK(said(command).empty());
    CHECK(said(command, {.out_is_terminal = true}) == row.of_an_empty_one + '\n');
  }
}

TEST_CASE("streams and types are listed with what is in them") {
  const small_store there;
  CHECK(said({"streams", "--store", there.url}) ==
        "{\"stream\":\"book-ada\",\"revision\":2,\"newest\":\"1970-01-03T00:00:00.000Z\"}\n"
        "{\"stream\":\"book-bob\",\"revision\":1,\"newest\":\"1970-01-04T00:00:00.000Z\"}\n");
  CHECK(said({"streams", "--store", there.url, "--table"}) == "stream    revision  newest\n"
                                                              "book-ada         2  1970-01-03T00:00:00.000Z\n"
                                                              "book-bob         1  1970-01-04T00:00:00.000Z\n");
  CHECK(said({"types", "--store", there.url}) == "{\"type\":\"book:lent\",\"events\":2}\n"
                                                 "{\"type\":\"book:returned\",\"events\":1}\n");
}

TEST_CASE("a list goes on beyond what the store lists at once") {
  skald::test::sqlite backend;
  {
    const auto store = backend.open({});
    std::vector<skald::append_request> requests;
    for (int i = 0; i < 2500; ++i)
      requests.emplace_back(skald::stream_id{"s-" + std::to_string(i)}, skald::expected_revision::any(),
                            std::vector{skald::new_event{"made", "{}"}});
    for (const auto& receipt : store->append(requests)) skald::test::must(receipt);
  }
  CHECK(lines_of(said({"streams", "--store", backend.url()})).size() == 2500);
  CHECK(lines_of(said({"streams", "--store", backend.url(), "--table"})).size() == 2500 + 1); // headings once
  CHECK(said({"stats", "--store", backend.url()}).starts_with("{\"events\":2500,\"streams\":2500,"));
}

TEST_CASE("stats counts, and shows how the events lie in time") {
  small_store there;
  skald::test::run_sql(there.backend.folder.path() / "events.db", // as if it came behind the records that were read
                       "INSERT INTO skald_streams VALUES (77, 'new', 1, 1)");
  const auto json = said({"stats", "--store", there.url});
  CHECK(json.starts_with(
    R"({"events":3,"streams":2,"relations":1,"types":2,"bytes":48,"hydrated":0,"outdated":0,"silent":0,)"
    R"("first":"1970-01-02T00:00:00.000Z","last":"1970-01-04T00:00:00.000Z","histogram":[)"));
  CHECK(json.find(R"({"from":"1970-01-02T00:00:00.000Z","events":1},{"from":"1970-01-02T06:00:00.000Z","events":0})") !=
        std::string::npos);
  const auto text = said({"stats", "--store", there.url, "--table"});
  const auto identity = skald::test::must(there.backend.open({})->identity());
  CHECK(json.ends_with("],\"id\":\"" + identity.id.str() + "\",\"epoch\":\"" + identity.epoch.str() + "\"}\n"));
  CHECK(text.ends_with("\nid     " + identity.id.str() + "\nepoch  " + identity.epoch.str() + '\n'));
  CHECK(text.find("events         3\n") != std::string::npos);
  CHECK(text.find("1970-01-02T00:00:00.000Z       1  ##") != std::string::npos);
  CHECK(text.find("1970-01-02T06:00:00.000Z       0\n") != std::string::npos);
}

TEST_CASE("names and data that would move a terminal's cursor do not") {
  skald::test::sqlite backend;
  {
    const auto store = backend.open({});
    skald::test::must(store->append(skald::append_request{
      skald::stream_id{"red \x1b[31m"}, skald::expected_revision::any(), {skald::new_event{"ty\npe", "{\n}"}}}));
  }
  for (const auto* command : {"read", "streams", "types"}) {
    const auto text = said({command, "--store", backend.url(), "--table"});
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(lines_of(text).size() == 2);
  }
}

TEST_CASE("tail shows the newest events, oldest first") {
  const small_store there;
  CHECK(shown({"tail", "--store", there.url}) == "123");
  CHECK(shown({"tail", "--store", there.url, "-n", "2"}) == "23");
  CHECK(shown({"tail", "--store", there.url, "-n", "1", "-t", "book:returned"}) == "2");
  CHECK(shown({"tail", "--store", there.url, "-n", "0"}).empty());
}

TEST_CASE("tail goes on with what is appended, until nobody reads it any more") {
  const small_store there;
  following tail{{"-n", "1", "-t", "book:lent", "--store", there.url}};
  CHECK(has(tail.next(), "\"position\":3"));
  {
    const auto store = skald::test::must(skald::open_store(there.url));
    using skald::expected_revision;
    using skald::new_event;
    using skald::stream_id;
    skald::test::must(store->append(skald::append_request{
      stream_id{"s"}, expected_revision::any(), {new_event{"other", "{}"}, new_event{"book:lent", "{}"}}}));
    CHECK(has(tail.next(), "\"position\":5"));
    skald::test::must(
      store->append(skald::append_request{stream_id{"s"}, expected_revision::any(), {new_event{"book:lent", "{}"}}}));
    CHECK(has(tail.next(), "\"position\":6"));
  }
  const auto ended = tail.leave();
  CHECK(ended.status == 128 + SIGPIPE);
  CHECK(ended.err.empty());
}

TEST_CASE("a tail that goes on is one table, whose columns get no narrower") {
  const small_store there;
  following tail{{"-n", "1", "--store", there.url, "--table"}};
  CHECK(tail.next() == "position  created                   stream    revision  type       data");
  CHECK(tail.next() == "       3  1970-01-04T00:00:00.000Z  book-bob         1  book:lent  {\"days\":7}");
  const auto store = skald::test::must(skald::open_store(there.url));
  const auto append = [&](const std::string& stream, const std::string& type) {
    skald::new_event event{type, "{}"};
    event.created = skald::timestamp{skald::timestamp::milliseconds{std::chrono::seconds{1}}, 0};
    skald::test::must(store->append(
      skald::append_request{skald::stream_id{stream}, skald::expected_revision::any(), {std::move(event)}}));
  };
  append("s", "t");
  CHECK(tail.next() == "       4  1970-01-01T00:00:01.000Z  s                1  t          {}");
  append("a-longer-one", "t");
  CHECK(tail.next() == "       5  1970-01-01T00:00:01.000Z  a-longer-one         1  t          {}");
  append("s", "u");
  CHECK(tail.next() == "       6  1970-01-01T00:00:01.000Z  s                    2  u          {}");
  tail.leave();
}

TEST_CASE("a tail that is interrupted ends with the signal's status") {
  const small_store there;
  CHECK(run({"tail", "-f", "--store", there.url}, {.stopped = true}).status == 128 + SIGINT);
}

TEST_CASE("relations are listed, and what is under a key, and the keys of a stream") {
  const small_store there;
  CHECK(said({"relations", "--store", there.url}) == "{\"key\":\"lent\",\"streams\":1,\"revision\":1}\n");
  CHECK(said({"relations", "--store", there.url, "--table"}) == "key   streams  revision\n"
                                                                "lent        1         1\n");
  CHECK(said({"relations", "--store", there.url, "--key", "lent"}) == "{\"stream\":\"book-bob\"}\n");
  CHECK(said({"relations", "--store", there.url, "--stream", "book-bob"}) == "{\"key\":\"lent\"}\n");
  CHECK(said({"relations", "--store", there.url, "--stream", "book-ada"}).empty());
  CHECK(run({"relations", "--store", there.url, "--stream", "a", "--key", "b"}).status == 2);
}

TEST_CASE("snapshots are listed, with whether they hold") {
  const small_store there;
  {
    const auto store = skald::test::must(skald::open_store(there.url));
    const auto newest = skald::test::must(store->find(there.ids[1]));
    skald::snapshot of_stream;
    of_stream.key = skald::snapshot_key{"totals", skald::stream_id{"book-ada"}};
    of_stream.fingerprint = "f";
    of_stream.cursor = {newest->created, newest->id};
    of_stream.records = 2;
    of_stream.state = "{\"days\":14}";
    auto of_relation = of_stream;
    of_relation.key = skald::snapshot_key{"totals", skald::relation_key{"lent"}};
    of_relation.cursor.id = there.ids[2];
    skald::test::must(store->save_snapshots(std::vector{of_stream, of_relation}));
  }
  CHECK(said({"snapshots", "--store", there.url}) ==
        R"({"reducer":"totals","stream":"book-ada","events":2,"up_to":"1970-01-03T00:00:00.000Z",)"
        R"("id":"00000000-0000-0000-0000-000000000002","bytes":11,"holds":true})"
        "\n"
        R"({"reducer":"totals","relation":"lent","events":2,"up_to":"1970-01-04T00:00:00.000Z",)"
        R"("id":"00000000-0000-0000-0000-000000000003","bytes":11,"holds":false})"
        "\n");
  CHECK(lines_of(said({"snapshots", "--store", there.url, "--table"}))[1] ==
        "totals   stream    book-ada       2  1970-01-03T00:00:00.000Z     11  yes");
}

TEST_CASE("verify tells a problem of no event without an id, and of a lost table what it was needed for") {
  const small_store there;
  const auto file = there.backend.folder.path() / "events.db";
  skald::test::run_sql(file, "INSERT INTO skald_streams VALUES (77, 'empty', 1, 1)");
  const auto orphan = run({"verify", "--store", there.url});
  CHECK(orphan.status == 1);
  CHECK_MESSAGE(has(orphan.out, R"("stream":"empty","problem":")"), orphan.out);
  CHECK_FALSE(has(orphan.out, R"("id":"")"));
  CHECK_FALSE(has(orphan.out, R"("position":0)"));
  skald::test::run_sql(file, "DROP TABLE skald_relations");
  const auto lost = run({"verify", "--store", there.url});
  CHECK(lost.status == 1);
  CHECK_MESSAGE(has(lost.err, "preparing for "), lost.err);
  CHECK_MESSAGE(has(lost.err, "no such table: skald_relations"), lost.err);
}

TEST_CASE("verify tells what damage keeps it from looking at, and counts no streams then") {
  const skald::test::temporary_folder folder;
  const auto file = folder.path() / "events.db";
  const auto url = "sqlite:" + file.string();
  said({"load", "--store", url, "--events", "2000", "--writers", "1", "--payload", "10"});
  auto content = text_of(file);
  constexpr std::size_t page = 4096;
  const auto place = content.find(R"({"writer":1,"number":1000,)"); // in the middle of the table
  REQUIRE(place != std::string::npos);
  content.replace(place / page * page, page, page, '\x5a');
  write(file, content);
  const auto done = run({"verify", "--store", url});
  CHECK(done.status == 1);
  const auto lines = lines_of(done.out);
  REQUIRE(lines.size() > 2);
  CHECK(has(lines[0], " cannot be read: "));
  CHECK(has(done.out, R"({"problem":"streams could not all be looked at: )"));
  CHECK_MESSAGE(lines.back().starts_with(R"({"events":19)"), lines.back());
  CHECK_MESSAGE(!has(lines.back(), "streams"), lines.back());
  CHECK(has(run({"verify", "--store", url, "--table"}).out, " events, not all streams were looked at: "));
}

TEST_CASE("verify says that nothing is missing or changed, or names the record that is") {
  const small_store there;
  CHECK(said({"verify", "--store", there.url}) == "{\"events\":3,\"streams\":2,\"problems\":0}\n");
  CHECK(said({"verify", "--store", there.url, "--table"}) == "3 events in 2 streams: nothing is missing or changed\n");
  skald::test::run_sql(there.backend.folder.path() / "events.db",
                       "UPDATE skald_events SET data = '{}' WHERE position = 2");
  const auto done = run({"verify", "--store", there.url});
  CHECK(done.status == 1);
  const auto lines = lines_of(done.out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with(
    R"({"position":2,"stream":"book-ada","id":"00000000-0000-0000-0000-000000000002","problem":")"));
  CHECK(lines[1] == "{\"events\":3,\"streams\":2,\"problems\":1}");
  for (const words& reading : {words{"read"}, {"read", "book-ada"}, {"tail"}}) {
    auto all = reading;
    all.insert(all.end(), {"--store", there.url});
    const auto refused = run(all);
    CHECK(refused.status == 1);
    CHECK_MESSAGE(has(refused.err, "00000000-0000-0000-0000-000000000002"), refused.err);
  }
  const auto table = run({"verify", "--store", there.url, "--table"});
  CHECK(table.status == 1);
  CHECK(table.out.ends_with("3 events in 2 streams: 1 problem\n"));
}

TEST_CASE("verify looks at a file that cannot be opened as a store") {
  const small_store from;
  const auto file = from.backend.folder.path() / "damaged.db";
  said({"backup", file.string(), "--store", from.url});
  auto content = text_of(file);
  const auto root = skald::test::run_sql(file, "SELECT rootpage FROM sqlite_schema WHERE name = 'skald_events'");
  content.replace((std::stoul(root) - 1) * 4096, 4096, std::string(4096, '\x5a'));
  write(file, content);
  const auto url = "sqlite:" + file.string();
  CHECK(run({"stats", "--store", url}).status == 1);
  const auto ended = run({"verify", "--store", url});
  CHECK(ended.status == 1);
  CHECK_MESSAGE(has(ended.out, "cannot be read"), ended.out);
  CHECK_MESSAGE(has(ended.out, "\"events\":0,"), ended.out);
}
