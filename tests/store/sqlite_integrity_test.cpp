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
  return open_sqlite_store(file, options);
}

} // namespace

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
    return std::ranges::any_of(found.problems,
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
      for (const auto& r : got) CHECK(std::ranges::find(records, r) != records.end());
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
  for (int round = 0; round < 50; ++round) {
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
