#include <skald/store/limits.hpp>

#include <tests/store/golden.hpp>
#include <tests/store/sql.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
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
  return open_sqlite_store(file, options);
}

std::string content_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const fs::path& file, const std::string& content) { std::ofstream{file, std::ios::binary} << content; }

/// Two streams of three events each, relations, a projection and a command.
void make_small(const fs::path& file) {
  const auto store = must(open_verified(file));
  must(store->append(request("a", no_stream, some_events(1, 3))));
  auto other = request("b", no_stream, some_events(11, 3));
  other.command = command_id{"c"};
  must(store->append(other));
  must(store->relate(std::vector{relation_change::insert(relation_key{"k"}, stream("a"))}));
  must(store->register_projection("p", std::nullopt));
  must(store->save(std::vector{checkpoint_update{"p", position{2}, {{position{4}, "once:x"}}}}));
}

} // namespace

TEST_CASE("sqlite: verifying names what is wrong, and goes on to find all of it") {
  struct row {
    const char* name;
    const char* change;
    std::uint64_t problems; // at least
    const char* says;
    std::uint64_t at; // a position, where it is about one
  };
  const row rows[] = {
    {"a changed event", "UPDATE skald_events SET data = '{}' WHERE position = 2", 1,
     "the event at position 2, id 00000000-0000-8000-8000-000000000002, in stream 'a', is not what was written", 2},
    {"two changed events", "UPDATE skald_events SET meta = '{}' WHERE position IN (2, 5)", 2,
     "the event at position 5, id 00000000-0000-8000-8000-00000000000c, in stream 'b', is not what was written", 5},
    {"a renamed stream", "UPDATE skald_streams SET name = 'c' WHERE name = 'a'", 3, "in stream 'c', is not what", 1},
    {"a renamed type", "UPDATE skald_types SET name = 'x'", 6, "is not what was written", 6},
    {"a checksum that is gone", "UPDATE skald_events SET checksum = NULL WHERE position = 3", 1, "has no checksum", 3},
    {"an event that is gone", "DELETE FROM skald_events WHERE position = 2", 2, "position 2: nothing is there", 3},
    {"its stream notices, too", "DELETE FROM skald_events WHERE position = 2", 2,
     "the event at position 3 has revision 3, and there is none of revision 2", 3},
    {"the newest events are gone", "DELETE FROM skald_events WHERE position > 4", 1,
     "stream 'b' is said to be at revision 3, its last event has revision 1", 4},
    {"the same with their answer", "DELETE FROM skald_events WHERE position > 4", 2,
     "command 'c' was answered with position 6, the newest record is at position 4", 0},
    {"all events are gone", "DELETE FROM skald_events", 3, "projection 'p' has handled position 2", 0},
    {"a revision twice", "UPDATE skald_events SET revision = 1 WHERE position = 2", 2,
     "position 2 has revision 1, as has the one at position 1", 2},
    {"events that changed places", "UPDATE skald_events SET revision = 4 - revision WHERE stream = 1", 3,
     "lies in front of revision 1", 2},
    {"a wrong stream head", "UPDATE skald_streams SET revision = 9 WHERE name = 'a'", 1,
     "stream 'a' is said to be at revision 9, its last event has revision 3", 3},
    {"a wrong time of a stream", "UPDATE skald_streams SET newest = newest + 65536 WHERE name = 'a'", 1,
     "its newest event is said to be of", 0},
    {"an event without a stream", "DELETE FROM skald_streams WHERE name = 'b'", 3, "is in an unknown stream", 4},
    {"an event without a type", "DELETE FROM skald_types", 6, "is of an unknown type", 1},
    {"a relation without a key", "DELETE FROM skald_relation_keys", 1, "one of which is not there", 0},
    {"a completion without a projection", "DELETE FROM skald_projections", 1,
     "handler 'once:x' is done with position 4 for projection 1, which is not there", 0},
    {"an impossible number", "UPDATE skald_events SET created = -7 WHERE position = 4", 1,
     "has an impossible time of creation", 4},
    {"an impossible batch key", "UPDATE skald_events SET batch = '' WHERE position = 4", 1,
     "has an impossible batch key", 4},
    {"an impossible stream name", "UPDATE skald_streams SET name = '' WHERE name = 'a'", 4, "has an impossible name",
     0},
  };
  const temporary_folder folder;
  const auto whole = folder.path() / "whole.db";
  make_small(whole);
  CHECK(must(must(open_verified(whole))->verify()).sound());
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto file = folder.path() / "file.db";
    fs::copy_file(whole, file, fs::copy_options::overwrite_existing);
    run_sql(file, row.change);
    const auto opened = open_verified(file);
    if (!opened) { // what cannot be of the newest record is noticed at once
      CHECK(opened.error().code == errc::open_failed);
      continue;
    }
    const auto found = must((*opened)->verify());
    CHECK(found.problem_count >= row.problems);
    CHECK(found.problems.size() == found.problem_count);
    const auto named = std::find_if(found.problems.begin(), found.problems.end(), [&](const problem& p) {
      return p.message.find(row.says) != std::string::npos && p.position == position{row.at};
    });
    CHECK(named != found.problems.end());
    if (named == found.problems.end())
      for (const auto& p : found.problems) MESSAGE(p.position.value, ": ", p.message);
  }
}

TEST_CASE("sqlite: of many problems the first are told and all are counted") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  must(must(open_verified(file))->append(request("a", no_stream, some_events(1, 500))));
  run_sql(file, "UPDATE skald_events SET data = '{}'");
  const auto found = must(must(open_verified(file))->verify());
  CHECK(found.records == 500);
  CHECK(found.problem_count == 500);
  REQUIRE(found.problems.size() == limits::problems);
  CHECK(found.problems.back().position == position{limits::problems});
}

TEST_CASE("sqlite: what lies behind a damaged page is verified, too") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  {
    const auto store = must(open_verified(file));
    for (std::uint64_t i = 0; i < 20; ++i) must(store->append(request("a", any, some_events(i * 100, 100))));
  }
  run_sql(file, "UPDATE skald_events SET data = '{}' WHERE position = 2000");
  auto content = content_of(file);
  constexpr std::size_t page = 4096;
  const auto place = content.find(number_json(900)); // in the middle of the table
  REQUIRE(place != std::string::npos);
  std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(place / page * page), page, '\x5a');
  write_file(file, content);
  const auto store = must(open_verified(file));
  const auto found = must(store->verify());
  const auto told = [&](const char* what) {
    return std::any_of(found.problems.begin(), found.problems.end(),
                       [&](const problem& p) { return p.message.find(what) != std::string::npos; });
  };
  CHECK(told(" cannot be read: "));
  CHECK(told("the event at position 2000, "));
  CHECK(found.records > 1000);
  CHECK(found.records < 2000);
}

namespace {

/// A store's file, and all that may be read from it.
class original {
public:
  static constexpr std::uint64_t events = 240;

  original() {
    const auto store = must(open_verified(file()));
    for (std::uint64_t i = 1; i <= events; i += 8) {
      auto r = request("stream " + std::to_string(i % 5), any, some_events(i, 8));
      for (auto& event : r.streams.front().events) {
        event.type = "type " + std::to_string(i % 3);
        event.data = R"({"text":")" + std::string(i % 70, 'x') + "\"}";
      }
      if (i % 3 == 0) r.batch = batch_key{"batch"};
      must(store->append(r));
      must(store->relate(std::vector{relation_change::insert(relation_key{"key " + std::to_string(i % 4)},
                                                             stream("stream " + std::to_string(i % 5)))}));
    }
    log = content_of(file().string() + "-wal");
    all = read_all(*store);
    for (const auto& s : must(store->streams("", 100)))
      streams.emplace(s.stream.str(), read_stream(*store, s.stream.str()));
    for (int i = 0; i < 4; ++i)
      related.push_back(must(store->related(relation_key{"key " + std::to_string(i)})).streams);
  }

  [[nodiscard]] fs::path file() const { return folder_.path() / "whole.db"; }

  /// How many of the events `store` answers, each as it was written and none left out; then an error may have come.
  [[nodiscard]] std::size_t true_events(const event_store& store, errc& end) const {
    std::vector<record> got;
    end = code_of(for_each(store, all_query{}.limit(events * 2), [&](const record& r) { got.push_back(r); }));
    REQUIRE(got.size() <= all.size());
    for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(got[i] == all[i]);
    return got.size();
  }

  /// Everything is as it was.
  void expect_whole(event_store& store) const {
    errc end{};
    CHECK(true_events(store, end) == all.size());
    CHECK(end == errc::none);
    CHECK(must(store.head()) == position{events});
    for (const auto& [name, records] : streams) {
      CHECK(read_stream(store, name) == records);
      CHECK(must(store.revision_of(stream(name))) == revision{records.size()});
    }
    for (const auto& r : all) CHECK(must(store.find(r.id)) == r);
    for (std::size_t i = 0; i < related.size(); ++i)
      CHECK(must(store.related(relation_key{"key " + std::to_string(i)})).streams == related[i]);
  }

  /// What a damaged file answers is true, and where it is found sound, it is whole.
  void expect_truth(const fs::path& damaged) const {
    const auto opened = open_verified(damaged);
    if (!opened) {
      CHECK(opened.error().code == errc::open_failed);
      return;
    }
    auto& store = **opened;
    errc end{};
    (void)true_events(store, end);
    for (const auto& [name, records] : streams) {
      std::vector<record> got;
      const auto read = for_each(store, stream_query{stream(name)}, [&](const record& r) { got.push_back(r); });
      for (const auto& r : got) CHECK(std::find(records.begin(), records.end(), r) != records.end());
    }
    const auto found = store.verify();
    if (found && found->sound()) {
      expect_whole(store);
      must(store.append(request("stream 1", any, some_events(10 * events, 1))));
    } else {
      (void)store.append(request("stream 1", any, some_events(10 * events, 1))); // ends, whatever it answers
    }
  }

  std::vector<record> all;
  std::map<std::string, std::vector<record>> streams;
  std::vector<std::vector<stream_id>> related;
  std::string log;

private:
  temporary_folder folder_;
};

} // namespace

TEST_CASE("sqlite: a file in which bits have flipped answers the truth or an error") {
  const original whole;
  whole.expect_whole(*must(open_verified(whole.file())));
  const auto content = content_of(whole.file());
  const temporary_folder folder;
  std::mt19937 random{1809};
  // The bytes at the start of a page are what SQLite finds its way by: they are hit as often as all others.
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    auto damaged = content;
    const auto flips = 1 + random() % 3;
    for (std::size_t i = 0; i < flips; ++i) {
      const auto page = random() % (content.size() / 4096) * 4096;
      const auto byte = page + (round % 2 == 0 ? random() % 4096 : random() % 120);
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
    const auto pages = content.size() / 4096;
    const auto left =
      round < static_cast<int>(pages) ? static_cast<std::size_t>(round) * 4096 : random() % content.size();
    CAPTURE(left);
    if (left == 0) continue; // an empty file becomes a new store
    const auto file = folder.path() / (std::to_string(round) + ".db");
    write_file(file, content.substr(0, left));
    whole.expect_truth(file);
  }
}
