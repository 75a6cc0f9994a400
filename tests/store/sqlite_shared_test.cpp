#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace {

/// Runs `body(w)` for each of the writers `first`, `first + 1` ... on a thread of its own, over one store on `file`.
/// Answers the status of a process.
template <class Body>
int write_side_by_side(const std::filesystem::path& file, std::uint64_t first, std::uint64_t writers, Body body) {
  const auto store = must(open_sqlite_store(file));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (auto w = first; w < first + writers; ++w)
    threads.emplace_back([&, w] {
      if (!body(*store, w)) ++wrong;
    });
  for (auto& thread : threads) thread.join();
  return wrong;
}

/// Runs `body(p)` in two processes, which start at the same time.
template <class Body>
void in_two_processes(Body body) {
  number_pipe start;
  std::vector<std::unique_ptr<child_process>> children;
  for (std::uint64_t p = 0; p < 2; ++p)
    children.push_back(std::make_unique<child_process>([&, p] {
      start.close_writer();
      (void)start.read(); // until the parent lets both go
      return body(p);
    }));
  start.close_writer();
  for (auto& child : children) CHECK(child->wait() == 0);
}

} // namespace

TEST_CASE("sqlite: eight writers in two processes lose nothing and keep their order") { // A.20, A.22
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  constexpr std::uint64_t each = 200;
  in_two_processes([&](std::uint64_t p) { // which create the file, too
    return write_side_by_side(file, 4 * p, 4, [](event_store& store, std::uint64_t w) {
      for (std::uint64_t i = 0; i < each; ++i)
        if (!store.append(request("a", any, {an_event(w * 1000 + i, "type " + std::to_string(i / 10))}))) return false;
      return true;
    });
  });
  const auto store = must(open_sqlite_store(file));
  const auto all = read_all(*store);
  CHECK(all == read_stream(*store, "a"));
  CHECK(all.size() == 8 * each);
  std::vector<std::uint64_t> next(8);
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i].position == position{i + 1});
    REQUIRE(all[i].revision == revision{i + 1});
    if (i > 0) REQUIRE(all[i].recorded > all[i - 1].recorded);
    if (i > 0) REQUIRE(all[i].created > all[i - 1].created);
    std::uint64_t w = 0;
    while (w < 8 && all[i].id != id(w * 1000 + next[w])) ++w;
    REQUIRE_MESSAGE(w < 8, "out of its writer's order: ", all[i].data);
    REQUIRE(all[i].type == "type " + std::to_string(next[w] / 10));
    ++next[w];
  }
}

TEST_CASE("sqlite: one writer of two processes wins each race for a revision") { // A.21, A.22
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  constexpr std::uint64_t rounds = 50;
  number_pipe wins; // holds more than are written
  in_two_processes([&](std::uint64_t p) {
    return write_side_by_side(file, 4 * p, 4, [&](event_store& store, std::uint64_t w) {
      for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto answer = store.append(request("a", exactly(round), {an_event(w * 1000 + round)}));
        if (answer) wins.write(round);
        if (!answer && answer.error().code != errc::wrong_expected_revision) return false;
      }
      return true;
    });
  });
  wins.close_writer();
  std::vector<int> won(rounds);
  while (const auto round = wins.read()) ++won.at(*round);
  CHECK(won == std::vector<int>(rounds, 1));
  CHECK(must(must(open_sqlite_store(file))->revision_of(stream("a"))) == revision{rounds});
}

TEST_CASE("sqlite: a store tells once what others on its file have appended, and never what it has appended itself") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  const auto one = must(open_sqlite_store(file));
  const auto two = must(open_sqlite_store(file));
  using told = std::optional<position>;
  std::uint64_t n = 0;
  const auto append = [&](event_store& to) { must(to.append(request("a", any, {an_event(++n)}))); };
  CHECK(must(two->appended_elsewhere()) == told{});
  append(*one), append(*one), append(*one);
  CHECK(must(one->appended_elsewhere()) == told{});
  CHECK(must(two->appended_elsewhere()) == told{position{0}});
  CHECK(must(two->appended_elsewhere()) == told{});
  append(*two);
  CHECK(must(two->appended_elsewhere()) == told{});
  append(*one), append(*two), append(*one); // found by the second one's append, and by its look
  CHECK(must(two->appended_elsewhere()) == told{position{4}});
  append(*one);
  CHECK(code_of(two->append(request("a", no_stream, {an_event(++n)}))) == errc::wrong_expected_revision);
  CHECK(code_of(door::open(*two, [](event_store::transaction&) -> result<void> {
          return error{errc::rejected, "no"};
        })) == errc::rejected);
  CHECK(must(two->appended_elsewhere()) == told{position{7}});
  must(one->register_projection("p", {})); // appends nothing
  CHECK(must(two->appended_elsewhere()) == told{});
}
