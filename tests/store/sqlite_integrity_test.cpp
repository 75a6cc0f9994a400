#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>
#include <tests/store/files.hpp>
#include <tests/store/sql.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

using namespace skald;
using namespace skald::test;

namespace fs = std::filesystem;

namespace {

using store_pointer = std::unique_ptr<event_store>;

result<store_pointer> open_verified(const fs::path& file, manual_clock clock = {}) {
  store_options options;
  options.wall = clock;
  options.verify_reads = true;
  options.durability = durability::relaxed; // no power is lost
  return open_sqlite_store(file, options);
}

} // namespace

namespace {

constexpr std::size_t page_bytes = 4096;

/// Where the first page of a table or an index is.
std::size_t first_page_of(const fs::path& file, const std::string& what) {
  const auto number = run_sql(file, "SELECT rootpage FROM sqlite_schema WHERE name = '" + what + "'");
  REQUIRE_FALSE(number.empty());
  return (std::stoul(number) - 1) * page_bytes;
}

/// Changes one byte of the page that a small table or index has: of a text in it, or the number of its rows.
void damage(const fs::path& file, const std::string& what, const std::string& text, std::size_t offset, int by) {
  const auto page = first_page_of(file, what);
  auto content = content_of(file);
  const auto place = text.empty() ? page : content.find(text, page);
  REQUIRE(place < page + page_bytes);
  content[place + offset] = static_cast<char>(content[place + offset] + by);
  write_file(file, content);
}

std::uint64_t big_endian(const std::string& content, std::size_t at, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | static_cast<std::uint8_t>(content[at + i]);
  return number;
}

std::uint64_t take_varint(const std::string& content, std::size_t& at) {
  std::uint64_t number = 0;
  for (auto more = true; more; ++at) {
    const auto byte = static_cast<std::uint8_t>(content[at]);
    number = number << 7 | (byte & 0x7f);
    more = (byte & 0x80) != 0;
  }
  return number;
}

/// A page in which a table has rows, of the numbers from `first` to `last`.
struct leaf {
  std::size_t offset;
  std::uint64_t first;
  std::uint64_t last;
};

/// All of a table that has some hundreds of them, in the order of their rows: as SQLite's file format tells.
std::vector<leaf> leaves_of(const std::string& content, std::size_t root) {
  constexpr std::size_t kind = 0;
  constexpr std::size_t cells = 3;
  REQUIRE(content[root + kind] == 5); // an inner page
  constexpr std::size_t leaf_header = 8;
  constexpr std::size_t inner_header = 12;
  const auto cell = [&](std::size_t page, std::size_t header, std::size_t i) {
    return page + big_endian(content, page + header + 2 * i, 2);
  };
  const auto row = [&](std::size_t page, std::size_t i) {
    auto at = cell(page, leaf_header, i);
    (void)take_varint(content, at); // the size of the row
    return take_varint(content, at);
  };
  std::vector<leaf> leaves;
  const auto add = [&](std::size_t pointer) {
    const auto page = (big_endian(content, pointer, 4) - 1) * page_bytes;
    REQUIRE(content[page + kind] == 13);
    leaves.push_back({page, row(page, 0), row(page, big_endian(content, page + cells, 2) - 1)});
  };
  for (std::size_t i = 0; i < big_endian(content, root + cells, 2); ++i) add(cell(root, inner_header, i));
  add(root + 8);
  return leaves;
}

} // namespace

TEST_CASE("sqlite: just the records of damaged pages cannot be verified, and all others are") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  constexpr std::uint64_t records = 8000;
  {
    const auto store = must(open_verified(file));
    for (std::uint64_t i = 0; i < records; i += 1000) must(store->append(request("a", any, some_events(i, 1000))));
  }
  const auto sound = content_of(file);
  const auto leaves = leaves_of(sound, first_page_of(file, "skald_events"));
  const auto count = leaves.size();
  REQUIRE(leaves.front().first == 1);
  REQUIRE(leaves.back().last == records);
  REQUIRE(leaves[count - 20].first - leaves[20].first > 3 * limits::page_records); // more than are tried one by one
  struct range {
    std::size_t first; // of the leaves
    std::size_t last;
  };
  struct row {
    const char* name;
    std::vector<range> damaged;
  };
  const row rows[] = {
    {"the first page", {{0, 0}}},
    {"a page in the middle", {{count / 2, count / 2}}},
    {"two that lie side by side", {{40, 41}}},
    {"a sound one between two", {{40, 40}, {42, 42}}},
    {"many", {{5, 5}, {20, count - 20}, {count - 3, count - 3}}},
    {"the last page", {{count - 1, count - 1}}},
    {"all", {{0, count - 1}}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto content = sound;
    std::vector<std::string> expected;
    auto left = records;
    for (const auto& [first, last] : row.damaged) {
      for (auto i = first; i <= last; ++i)
        std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(leaves[i].offset), page_bytes, '\x5a');
      const auto from = std::to_string(leaves[first].first);
      expected.push_back(last == count - 1
                           ? "positions from " + from + " on cannot be read"
                           : "positions " + from + " to " + std::to_string(leaves[last].last) + " cannot be read");
      left -= leaves[last].last - leaves[first].first + 1;
    }
    write_file(file, sound);
    const auto store = must(open_verified(file)); // which looks at the last page
    write_file(file, content);
    const auto found = must(store->verify());
    std::vector<std::string> told;
    for (const auto& p : found.problems) {
      CHECK_MESSAGE(p.message.find('\n') == std::string::npos, p.message);
      if (const auto end = p.message.find(" cannot be read"); end != std::string::npos)
        told.push_back(p.message.substr(0, end + std::string_view{" cannot be read"}.size()));
      else // not that something was missing
        CHECK_MESSAGE((p.message.starts_with("SQLite finds: ") ||
                       p.message.find(" could not all be looked at: ") != std::string::npos),
                      p.message);
    }
    CHECK(told == expected);
    CHECK(found.records == left);
    CHECK_FALSE(found.streams); // they are told by the events
  }
}

TEST_CASE("sqlite: what lies behind a damaged page is held against its checksum") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  {
    const auto store = must(open_verified(file));
    for (std::uint64_t i = 0; i < 20; ++i) must(store->append(request("a", any, some_events(i * 100, 100))));
  }
  auto content = content_of(file);
  const auto leaves = leaves_of(content, first_page_of(file, "skald_events"));
  const auto changed = leaves[10].last + 1; // right behind the damaged page
  run_sql(file, "UPDATE skald_events SET data = '{}' WHERE position = " + std::to_string(changed));
  content = content_of(file);
  std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(leaves[10].offset), page_bytes, '\x5a');
  write_file(file, content);
  const auto found = must(must(open_verified(file))->verify());
  CHECK(std::ranges::any_of(found.problems, [&](const problem& p) {
    return p.message.starts_with("the event at position " + std::to_string(changed) + ", ");
  }));
}

TEST_CASE("sqlite: a table that somebody has dropped is no bug to report") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  const auto store = must(open_verified(file));
  run_sql(file, "DROP TABLE skald_projections");
  const auto found = store->verify();
  REQUIRE_FALSE(found);
  const auto& why = found.error().message;
  CHECK_MESSAGE(why.find("something else has changed the file: restore it from a backup") != std::string::npos, why);
}

TEST_CASE("sqlite: a name or an event that an index or a table has lost is noticed where reads are verified") {
  constexpr std::size_t rows = 4; // where a page tells how many it has
  struct row {
    const char* name;
    const char* what; // is damaged
    const char* text; // in it
    std::size_t offset;
    int by;
    const char* lost; // the stream that cannot be read any more
  };
  const row cases[] = {
    {"an altered name of a stream", "sqlite_autoindex_skald_streams_1", "stream-2", 7, 8, "stream-2"},
    {"a name that leads to another stream", "sqlite_autoindex_skald_streams_1", "stream-3", 8, 1, "stream-3"},
    {"the last name of a stream", "sqlite_autoindex_skald_streams_1", "", rows, -1, "stream-9"},
    {"a row of a stream", "skald_streams", "", rows, -1, "stream-9"},
    {"the row of an event", "skald_events", "", rows, -1, "stream-9"},
    {"the place of an event in its stream", "skald_events_by_stream", "", rows, -1, "stream-9"},
  };
  for (const auto& row : cases) {
    CAPTURE(row.name);
    const temporary_folder folder;
    const auto file = folder.path() / "file.db";
    {
      const auto store = must(open_verified(file));
      for (std::uint64_t i = 1; i <= 9; ++i)
        must(store->append(request("stream-" + std::to_string(i), no_stream, {an_event(i)})));
      CHECK(read_all(*store).size() == 9);
      CHECK(must(store->streams("", 100)).size() == 9);
      CHECK(must(store->read(stream_query{stream("stream-0")})).records.empty());
    }
    damage(file, row.what, row.text, row.offset, row.by);
    const auto store = must(open_verified(file));
    CHECK(code_of(store->read(stream_query{stream(row.lost)})) == errc::corrupt);
    CHECK(code_of(store->read(streams_query{std::vector{stream(row.lost)}})) == errc::corrupt);
    const std::string what = row.what;
    if (what == "sqlite_autoindex_skald_streams_1") {
      CHECK(code_of(store->revision_of(stream(row.lost))) == errc::corrupt);
      CHECK(code_of(store->streams("", 100)) == errc::corrupt);
      CHECK(code_of(store->append(request(row.lost, any, {an_event(100)}))) == errc::corrupt);
    } else if (what == "skald_events") {
      CHECK(code_of(store->read(all_query{})) == errc::corrupt);
      CHECK(code_of(store->read(all_query{}.backward())) == errc::corrupt);
      CHECK(code_of(store->read(all_query{}.after(position{8}))) == errc::corrupt);
      CHECK(must(store->read(all_query{}.before(position{9}))).records.size() == 8);
      CHECK(code_of(store->append(request("another", any, {an_event(100)}))) == errc::corrupt);
    }
    CHECK(read_stream(*store, "stream-1").size() == 1);
    CHECK_FALSE(must(store->verify()).sound());
  }
}

TEST_CASE("sqlite: a type or a relation key that its index has lost is noticed where reads are verified") {
  for (const bool altered : {false, true}) {
    CAPTURE(altered);
    const temporary_folder folder;
    const auto file = folder.path() / "file.db";
    const auto ask_for_key = [](event_store& store) {
      return store.read(streams_query{std::vector{relation_key{"key-2"}}});
    };
    const auto ask_for_type = [](event_store& store) { return store.read(all_query{}.types({"type-2"})); };
    const auto relate = [](event_store& store, const char* key) {
      return store.relate(std::vector{relation_change::insert(relation_key{key}, stream("b"))});
    };
    {
      const auto store = must(open_verified(file));
      must(store->append(request("a", no_stream, {an_event(1, "type-1"), an_event(2, "type-2")})));
      must(store->relate(std::vector{relation_change::insert(relation_key{"key-1"}, stream("a")),
                                     relation_change::insert(relation_key{"key-2"}, stream("a"))}));
      CHECK(must(ask_for_key(*store)).records.size() == 2);
      CHECK(must(ask_for_type(*store)).records.size() == 1);
    }
    for (const auto* what : {"type", "relation_key"})
      damage(file, "sqlite_autoindex_skald_" + std::string{what} + "s_1",
             altered ? std::string{what}.substr(what[0] == 'r' ? 9 : 0) + "-2" : "", altered ? 1 : 4, altered ? 1 : -1);
    const auto store = must(open_verified(file));
    CHECK(code_of(ask_for_key(*store)) == errc::corrupt);
    CHECK(code_of(store->related(relation_key{"key-2"})) == errc::corrupt);
    CHECK(code_of(store->relations("", 10)) == errc::corrupt);
    CHECK(code_of(relate(*store, "key-2")) == errc::corrupt);
    CHECK(code_of(ask_for_type(*store)) == errc::corrupt);
    CHECK(code_of(store->append(request("a", any, {an_event(3, "type-2")}))) == errc::corrupt);
    must(relate(*store, "key-1"));
    must(store->append(request("a", any, {an_event(4, "type-1")})));
  }
}

TEST_CASE("sqlite: of the rows of a receipt and a snapshot, whichever bit flips, nothing altered is handed out") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  auto pay = request("a", no_stream, some_events(1, 2));
  pay.command = command_id{"pay 7"};
  pay.answer = R"({"due":110})";
  receipt original;
  snapshot counted;
  {
    const auto store = must(open_sqlite_store(file));
    original = must(store->append(pay));
    counted = folded(*store, {"totals", stream("a")});
    must(store->save_snapshots(std::span{&counted, 1}));
  }
  auto again = request("a", any, some_events(50, 1));
  again.command = pay.command;
  const auto sound = content_of(file);
  for (const auto* table : {"skald_commands", "skald_snapshots"}) {
    const auto page = first_page_of(file, table);
    int noticed = 0;
    for (auto at = page + big_endian(sound, page + 5, 2); at < page + page_bytes; ++at) // where its only row begins
      for (int bit = 0; bit < 8; ++bit) {
        CAPTURE(at - page);
        CAPTURE(bit);
        auto damaged = sound;
        damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
        write_file(file, damaged);
        const auto opened = open_sqlite_store(file);
        REQUIRE(opened);
        auto& store = **opened;
        const auto answer = store.append(again);
        CHECK((answer ? *answer == original : answer.error().code == errc::corrupt));
        const auto found = store.load_snapshot(counted.key);
        CHECK((found ? !*found || (*found)->snapshot == counted : found.error().code == errc::corrupt));
        CHECK(must(store.head()) == position{2}); // the command was not carried out again
        const bool whole = answer && found && *found;
        noticed += whole ? 0 : 1;
        CHECK((whole || !must(store.verify()).sound()));
      }
    CHECK(noticed > 300);
    write_file(file, sound);
  }
}

TEST_CASE("sqlite: a list of names that are out of their order ends") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  {
    const auto store = must(open_sqlite_store(file));
    for (std::uint64_t i = 1; i <= 9; ++i) {
      must(store->append(request("stream-" + std::to_string(i), no_stream, {an_event(i)})));
      must(store->relate(std::vector{
        relation_change::insert(relation_key{"key-" + std::to_string(i)}, stream("stream-" + std::to_string(i)))}));
    }
  }
  damage(file, "sqlite_autoindex_skald_streams_1", "stream-5", 7, 8); // the one that SQLite looks at first
  damage(file, "sqlite_autoindex_skald_relation_keys_1", "key-5", 4, 8);
  const auto store = must(open_sqlite_store(file)); // reads are not verified
  const auto end_of_list = [](auto next, auto name_of) {
    std::string after;
    for (int pieces = 0; pieces < 20; ++pieces) {
      const auto piece = next(after);
      if (!piece) return piece.error().code;
      if (piece->empty()) return errc::none;
      after = name_of(piece->back());
    }
    FAIL("it does not end");
    return errc::none;
  };
  for (const std::size_t limit : {2U, 3U, 100U}) {
    CAPTURE(limit);
    CHECK(end_of_list([&](const auto& after) { return store->streams(after, limit); },
                      [](const auto& one) { return one.stream.str(); }) == errc::corrupt);
    CHECK(end_of_list([&](const auto& after) { return store->relations(after, limit); },
                      [](const auto& one) { return one.key.str(); }) == errc::corrupt);
  }
}

namespace {

/// A store's file, its log, and all that may be read from them.
class original {
public:
  static constexpr std::uint64_t events = 240;

  original() {
    write(1, events / 2); // and closes it, so that all of this is in the database
    database = content_of(file());
    write(events / 2 + 1, events);
    const auto store = must(open_verified(file()));
    all = read_all(*store);
    for (const auto& s : must(store->streams("", 100)))
      streams.emplace(s.stream.str(), read_stream(*store, s.stream.str()));
    for (int i = 0; i < 4; ++i)
      related.push_back(must(store->related(relation_key{"key " + std::to_string(i)})).streams);
  }

  [[nodiscard]] fs::path file() const { return folder_.path() / "whole.db"; }

  /// What is answered is what was written, all of it where no error comes.
  static void expect_true(const result<page>& answer, const std::vector<record>& written) {
    if (answer) {
      CHECK(answer->records == written);
      CHECK_FALSE(answer->more);
    }
  }

  /// Everything is as it was.
  void expect_whole(event_store& store) const {
    CHECK(must(store.read(all_query{})).records == all);
    CHECK(must(store.head()) == position{events});
    for (const auto& [name, records] : streams) {
      CHECK(must(store.read(stream_query{stream(name)})).records == records);
      CHECK(must(store.revision_of(stream(name))) == revision{records.size()});
    }
    for (const auto& r : all) CHECK(must(store.find(r.id)) == r);
    for (std::size_t i = 0; i < related.size(); ++i)
      CHECK(must(store.related(relation_key{"key " + std::to_string(i)})).streams == related[i]);
  }

  /// What a damaged file answers is true and whole, or an error.
  void expect_truth(const fs::path& damaged) const {
    const auto opened = open_verified(damaged);
    if (!opened) {
      CHECK(opened.error().code == errc::open_failed);
      return;
    }
    auto& store = **opened;
    expect_true(store.read(all_query{}), all);
    for (const auto& [name, records] : streams) expect_true(store.read(stream_query{stream(name)}), records);
    if (const auto names = store.streams("", 100)) {
      CHECK(names->size() == streams.size());
      for (const auto& s : *names) CHECK(streams.contains(s.stream.str()));
    }
    const auto found = store.verify();
    const auto more = request("stream 1", any, some_events(10 * events, 1));
    if (found && found->sound()) {
      expect_whole(store);
      must(store.append(more));
    } else {
      (void)store.append(more); // ends, whatever it answers
    }
  }

  std::vector<record> all;
  std::map<std::string, std::vector<record>> streams;
  std::vector<std::vector<stream_id>> related;
  std::string database; // without the log, which holds the second half
  std::string log;
  std::map<std::size_t, std::size_t> committed; // up to which byte of the log there are how many events

private:
  void write(std::uint64_t first, std::uint64_t last) {
    const auto store = must(open_verified(file()));
    committed = {{0, first - 1}};
    for (auto i = first; i <= last; i += 8) {
      auto r = request("stream " + std::to_string(i % 5), any, some_events(i, 8));
      for (auto& event : r.streams.front().events) {
        event.type = "type " + std::to_string(i % 3);
        event.data = R"({"text":")" + std::string(i % 70, 'x') + "\"}";
      }
      if (i % 3 == 0) r.batch = batch_key{"batch"};
      r.relations.push_back(relation_change::insert(relation_key{"key " + std::to_string(i % 4)},
                                                    stream("stream " + std::to_string(i % 5))));
      must(store->append(r));
      log = content_of(file().string() + "-wal");
      committed[log.size()] = i + 7;
    }
  }

  temporary_folder folder_;
};

} // namespace

TEST_CASE("sqlite: a file in which bits have flipped answers the truth or an error") {
  const original whole;
  whole.expect_whole(*must(open_verified(whole.file())));
  const auto content = content_of(whole.file());
  const auto names = first_page_of(whole.file(), "sqlite_autoindex_skald_streams_1");
  const temporary_folder folder;
  std::mt19937 random{1809};
  // The bytes at the start of a page are what SQLite finds its way by, and at the end of the one are names: both are
  // hit as often as all others.
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    auto damaged = content;
    const auto flips = 1 + random() % 3;
    for (std::size_t i = 0; i < flips; ++i) {
      const auto page = random() % (content.size() / page_bytes) * page_bytes;
      const auto byte = round % 3 == 0   ? page + random() % page_bytes
                        : round % 3 == 1 ? page + random() % 120
                        : i == 0         ? names + random() % 8
                                         : names + page_bytes - 1 - random() % 80;
      damaged[byte] = static_cast<char>(damaged[byte] ^ 1 << random() % 8);
    }
    const auto file = folder.path() / (std::to_string(round) + ".db");
    write_file(file, damaged);
    whole.expect_truth(file);
  }
}

TEST_CASE("sqlite: a file that was cut off answers the truth or an error") {
  const original whole;
  const auto content = content_of(whole.file());
  const temporary_folder folder;
  std::mt19937 random{44};
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    const auto pages = content.size() / page_bytes;
    const auto left =
      round < static_cast<int>(pages) ? static_cast<std::size_t>(round) * page_bytes : random() % content.size();
    CAPTURE(left);
    if (left == 0) continue; // an empty file becomes a new store
    const auto file = folder.path() / (std::to_string(round) + ".db");
    write_file(file, content.substr(0, left));
    whole.expect_truth(file);
  }
}

TEST_CASE("sqlite: of a log that is damaged, what lies in front of the damage is kept, and the store is sound") {
  const original whole;
  REQUIRE(whole.log.size() > 100 * 1000);
  const temporary_folder folder;
  std::mt19937 random{7};
  for (int round = 0; round < 24; ++round) {
    CAPTURE(round);
    const auto place = round == 0 ? 0 : random() % whole.log.size();
    CAPTURE(place);
    auto log = whole.log;
    if (round % 2 == 0)
      log[place] = static_cast<char>(log[place] ^ 1 << random() % 8);
    else
      log.resize(place);
    const auto file = folder.path() / (std::to_string(round) + ".db");
    write_file(file, whole.database);
    write_file(file.string() + "-wal", log);
    const auto store = must(open_verified(file));
    const auto kept = std::prev(whole.committed.upper_bound(place))->second;
    CHECK(read_all(*store) == std::vector(whole.all.begin(), whole.all.begin() + static_cast<std::ptrdiff_t>(kept)));
    for (const auto& [name, records] : whole.streams) {
      auto front = records;
      std::erase_if(front, [&](const record& r) { return r.position > position{kept}; });
      CHECK(read_stream(*store, name) == front);
    }
    CHECK(must(store->verify()).sound());
    CHECK(must(store->append(request("stream 1", any, some_events(10 * whole.events, 1)))).first == position{kept + 1});
  }
}
