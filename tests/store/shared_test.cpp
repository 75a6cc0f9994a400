#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>

#include <memory>
#include <thread>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace {

/// Several processes that begin at the same time.
class processes {
public:
  processes() = default;

  /// Adds one that runs `body`, which answers its status. Nothing of the store may be open yet.
  template <class Body>
  void add(Body body) {
    children_.push_back(std::make_unique<child_process>([this, body] {
      start_.close_writer();
      (void)start_.read(); // until the parent lets all go
      return body();
    }));
  }

  void start() { start_.close_writer(); }

  /// Whether all ended well.
  [[nodiscard]] bool end_well() {
    bool well = true;
    for (auto& child : children_) well = child->wait() == 0 && well;
    return well;
  }

private:
  number_pipe start_;
  std::vector<std::unique_ptr<child_process>> children_;
};

/// Runs `body(store, w)` in two processes, each with a store on `place` and four threads, whose numbers `w` are 0 to 7.
template <class Body>
void eight_writers_in_two_processes(store_place& place, Body body) {
  processes both;
  for (std::uint64_t p = 0; p < 2; ++p)
    both.add([&, p] {
      const auto store = place.open({}); // which one of them makes
      std::atomic<int> wrong = 0;
      std::vector<std::thread> threads;
      for (auto w = 4 * p; w < 4 * p + 4; ++w)
        threads.emplace_back([&, w] {
          if (!body(*store, w)) ++wrong;
        });
      for (auto& thread : threads) thread.join();
      return wrong.load();
    });
  both.start();
  CHECK(both.end_well());
}

} // namespace

SKALD_PERSISTENT("eight writers in two processes lose nothing and keep their order") { // A.20, A.22
  Backend place;
  constexpr std::uint64_t each = 200;
  eight_writers_in_two_processes(place, [](event_store& store, std::uint64_t w) {
    for (std::uint64_t i = 0; i < each; ++i)
      if (!store.append(request("a", any, {an_event(w * 1000 + i, "type " + std::to_string(i / 10))}))) return false;
    return true;
  });
  const auto store = place.open({});
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

SKALD_PERSISTENT("one writer of two processes wins each race for a revision") { // A.21, A.22
  Backend place;
  constexpr std::uint64_t rounds = 50;
  number_pipe wins; // holds more than are written
  eight_writers_in_two_processes(place, [&](event_store& store, std::uint64_t w) {
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const auto answer = store.append(request("a", exactly(round), {an_event(w * 1000 + round)}));
      if (answer) wins.write(round);
      if (!answer && answer.error().code != errc::wrong_expected_revision) return false;
    }
    return true;
  });
  wins.close_writer();
  std::vector<int> won(rounds);
  while (const auto round = wins.read()) ++won.at(*round);
  CHECK(won == std::vector<int>(rounds, 1));
  CHECK(must(place.open({})->revision_of(stream("a"))) == revision{rounds});
}

SKALD_PERSISTENT("the same request from two processes is written once, and both get its receipt") { // A.15, A.22
  Backend place;
  constexpr std::uint64_t requests = 100;
  number_pipe places; // where each went, as each process was told
  eight_writers_in_two_processes(place, [&](event_store& store, std::uint64_t) {
    for (std::uint64_t i = 0; i < requests; ++i) {
      const auto answer = store.append(request("s" + std::to_string(i % 3), any, some_events(1 + 2 * i, 2)));
      if (!answer || answer->last.value != answer->first.value + 1) return false;
      places.write(i << 32 | answer->first.value);
    }
    return true;
  });
  places.close_writer();
  const auto store = place.open({});
  CHECK(must(store->head()) == position{2 * requests});
  std::size_t told = 0;
  for (; const auto one = places.read(); ++told)
    REQUIRE(must(store->find(id(1 + 2 * (*one >> 32))))->position.value == (*one & 0xffff'ffff));
  CHECK(told == 8 * requests);
}

SKALD_PERSISTENT("changes of relations and hydrated records of two processes are all there") { // D.60, E.91
  Backend place;
  constexpr std::uint64_t each = 50;
  eight_writers_in_two_processes(place, [](event_store& store, std::uint64_t w) {
    const relation_key common{"common"};
    for (std::uint64_t i = 0; i < each; ++i) {
      const auto mine = "s" + std::to_string(w * 1000 + i);
      const std::vector changes{relation_change::insert(common, stream(mine))};
      const std::vector records{foreign(w * 1000 + i, mine, at(1)), foreign(9'000 + i, "all", at(2))};
      if (!store.relate(changes) || !store.hydrate(records)) return false;
    }
    return true;
  });
  const auto store = place.open({});
  const auto kept = must(store->related(relation_key{"common"}));
  CHECK(kept.streams.size() == 8 * each);
  CHECK(kept.revision == revision{8 * each});
  const auto all = read_all(*store);
  REQUIRE(all.size() == 9 * each); // those that all eight hydrate once
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i].position == position{i + 1});
  CHECK(read_all(*store, streams_query{std::vector{relation_key{"common"}}}).size() == 8 * each);
}

SKALD_PERSISTENT("a reader that follows four writing processes misses nothing and repeats nothing") { // C.54
  Backend place;
  constexpr std::uint64_t writers = 4;
  constexpr std::uint64_t each = 150;
  processes all;
  for (std::uint64_t w = 0; w < writers; ++w)
    all.add([&, w] {
      const auto store = place.open({});
      for (std::uint64_t i = 0; i < each; i += 3) {
        auto made = some_events(w * 1000 + i, 3);
        made.front().type = "type " + std::to_string(w * 1000 + i);
        auto kept = request("s" + std::to_string(w), any, made);
        kept.relations = {relation_change::insert(relation_key{"all"}, kept.streams.front().stream)};
        if (!store->append(kept)) return 1;
      }
      return 0;
    });
  all.start();
  const auto store = place.open({});
  std::vector<std::string> types{"thing:happened"};
  std::vector<stream_id> streams;
  for (std::uint64_t w = 0; w < writers; ++w) {
    streams.push_back(stream("s" + std::to_string(w)));
    for (std::uint64_t i = 0; i < each; i += 3) types.push_back("type " + std::to_string(w * 1000 + i));
  }
  std::vector<record> everything;
  std::vector<record> by_type;
  std::vector<record> by_name;
  std::vector<record> by_key;
  const auto follow = [&](std::vector<record>& seen, auto query) {
    if (!seen.empty()) query.resume_behind(seen.back());
    const auto page = must(store->read(query));
    seen.insert(seen.end(), page.records.begin(), page.records.end());
    return seen.size() < writers * each;
  };
  for (bool more = true; more;) {
    more = follow(everything, all_query{}.limit(7));
    more |= follow(by_type, all_query{}.limit(11).types(types));
    more |= follow(by_name, streams_query{streams}.limit(9));
    more |=
      follow(by_key, streams_query{std::vector{relation_key{"all"}}}.limit(13)); // they join with their first event
    // What is there at one moment is there for every query behind it.
    if (!everything.empty()) REQUIRE(must(store->head()) >= everything.back().position);
    if (!everything.empty()) REQUIRE(must(store->find(everything.back().id)) == everything.back());
  }
  CHECK(all.end_well());
  for (std::size_t i = 0; i < everything.size(); ++i) REQUIRE(everything[i].position == position{i + 1});
  CHECK((everything == by_type));
  CHECK((everything == by_name)); // without times of their own, events are created in the order of commits
  CHECK((everything == by_key));
  CHECK((everything == read_all(*store)));
  for (std::uint64_t w = 0; w < writers; ++w) {
    std::uint64_t next = w * 1000;
    for (const auto& r : read_all(*store, stream_query{streams[w]})) REQUIRE(r.data == number_json(next++));
    CHECK(next == w * 1000 + each);
  }
}

SKALD_PERSISTENT(
  "readers wait for no writer of another process, and see nothing of what it has not committed") { // C.57
  Backend place;
  number_pipe reached;
  number_pipe go_on;
  const std::vector changes{relation_change::insert(relation_key{"k"}, stream("a"))};
  processes other;
  other.add([&] {
    go_on.close_writer();
    const auto store = place.open({});
    if (!store->append(request("a", any, some_events(1, 3))) || !store->relate(changes)) return 1;
    const auto left = door::open(*store, [&](event_store::transaction& tx) -> result<void> {
      auto r = must(store->find(id(3))).value();
      r.id = id(4);
      r.revision = revision{4};
      r.position = position{4};
      r.created = r.recorded = r.created.next();
      (void)tx.head_of(r.stream);
      tx.write(r);
      tx.relate(relation_change::insert(relation_key{"k"}, stream("b")));
      reached.write(1);
      (void)go_on.read(); // until the reader has read all it wants
      return {};
    });
    return left ? 0 : 2;
  });
  other.start();
  REQUIRE(reached.read());
  {
    const auto store = place.open({});
    CHECK(read_all(*store).size() == 3);
    CHECK(read_stream(*store, "a").size() == 3);
    CHECK(must(store->revision_of(stream("a"))) == revision{3});
    CHECK(must(store->head()) == position{3});
    CHECK_FALSE(must(store->find(id(4))));
    CHECK(must(store->related(relation_key{"k"})) == relation{{stream("a")}, revision{1}});
    CHECK(read_all(*store, streams_query{std::vector{relation_key{"k"}}}).size() == 3);
    go_on.close_writer();
    CHECK(other.end_well());
    CHECK(read_all(*store).size() == 4);
    CHECK(must(store->related(relation_key{"k"})).streams.size() == 2);
    must(store->append(request("a", exactly(4), {an_event(5)})));
  }
}
