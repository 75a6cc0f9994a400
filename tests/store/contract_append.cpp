#include <skald/store/checksum.hpp>
#include <skald/store/event.hpp>
#include <skald/store/json.hpp>

#include <boost/describe/class.hpp>
#include <tests/store/contended.hpp>
#include <tests/store/contract.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <new>
#include <thread>

using namespace skald;
using namespace skald::test;
using namespace std::literals;

namespace {

/// The refusal of a request because of a stream's revision; an empty one where it was something else.
conflict conflict_of(const result<receipt>& answer) {
  return code_of(answer) == errc::wrong_expected_revision ? answer.error().conflict : conflict{};
}

receipt written(std::vector<std::uint64_t> revisions, std::uint64_t first, std::uint64_t last) {
  receipt expected{{}, position{first}, position{last}};
  for (const auto number : revisions) expected.revisions.emplace_back(number);
  return expected;
}

/// A store in which stream "a" has the events 1 to 3.
struct three_events : fixture {
  using fixture::fixture;
  receipt original = must((*this)->append(request("a", no_stream, some_events(1, 3))));
  std::vector<record> before = read_all(**this);
};

struct person_name {
  std::string given;
  std::string family;
};
struct user_created {
  person_name name;
  std::int64_t age = 0;
};
struct user_note {
  std::string text;
};
struct auditor {
  std::string who;
};
BOOST_DESCRIBE_STRUCT(person_name, (), (given, family))
BOOST_DESCRIBE_STRUCT(user_created, (), (name, age))
BOOST_DESCRIBE_STRUCT(user_note, (), (text))
BOOST_DESCRIBE_STRUCT(auditor, (), (who))

using user_events =
  skald::events<skald::event<"user:created", user_created>, skald::event<"user:noted", user_note, auditor>>;

std::shared_ptr<const catalog> user_catalog() {
  auto types = std::make_shared<catalog>();
  must(types->add<user_events>());
  return types;
}

new_event user(std::uint64_t number, std::string data) { return {"user:created", std::move(data), id(number)}; }

constexpr auto good_user = R"({"name":{"given":"John","family":"Doe"},"age":33})";

/// Whether a transaction finds the record without its body, which may be large, and tells by its checksum that it is
/// this one.
bool knows(event_store::transaction& tx, const record& r) {
  const auto found = tx.find(r.id);
  if (!found || !found->stored.data.empty() || !found->stored.meta.empty()) return false;
  auto whole = found->stored;
  whole.data = r.data;
  whole.meta = r.meta;
  return whole == r && found->checksum == checksum_of(r);
}

} // namespace

SKALD_CONTRACT_CONTENDED("the first event of a stream makes revision 1") { // A.1
  fixture store{backend};
  CHECK(must(store->append(request("a", no_stream, some_events(1, 1)))) == written({1}, 1, 1));
  CHECK(must(store->revision_of(stream("a"))) == revision{1});
}

SKALD_CONTRACT_CONTENDED("the events of a request get consecutive revisions and positions") { // A.2
  fixture store{backend};
  CHECK(must(store->append(request("a", no_stream, some_events(1, 3)))) == written({3}, 1, 3));
  std::uint64_t n = 0;
  for (const auto& r : read_all(*store)) {
    ++n;
    CHECK(r.revision == revision{n});
    CHECK(r.position == position{n});
    CHECK(r.data == number_json(n));
  }
  CHECK(n == 3);
}

SKALD_CONTRACT_CONTENDED("an expected revision lets a request through or stores nothing of it") { // A.3 to A.8
  struct row {
    const char* name;
    expected_revision expected;
    bool met;
    std::uint64_t actual;
  };
  const auto above = (std::uint64_t{1} << 63);
  const row rows[] = {
    {"A.3 no_stream at revision 3", no_stream, false, 3},
    {"A.4 exactly(3) at revision 3", exactly(3), true, 3},
    {"A.5 exactly(2) at revision 3", exactly(2), false, 3},
    {"A.5 exactly(4) at revision 3", exactly(4), false, 3},
    {"A.5 exactly(5) at revision 3", exactly(5), false, 3},
    {"A.6 stream_exists on none", stream_exists, false, 0},
    {"A.7 stream_exists on an existing one", stream_exists, true, 3},
    {"A.8 any on none", any, true, 0},
    {"A.8 any on an existing one", any, true, 3},
    {"exactly(0) on none", exactly(0), true, 0},
    {"exactly(0) at revision 3", exactly(0), false, 3},
    {"A.23 the largest signed revision", exactly(above - 1), false, 3},
    {"A.23 one beyond it", exactly(above), false, 3},
    {"A.23 beyond it by the revision", exactly(above + 3), false, 3},
    {"A.23 the largest revision", exactly(std::numeric_limits<std::uint64_t>::max()), false, 3},
    {"A.23 the largest revision on none", exactly(std::numeric_limits<std::uint64_t>::max()), false, 0},
  };
  fixture store{backend};
  std::uint64_t next = 1; // number of an event
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto name = "a" + std::to_string(next);
    if (row.actual != 0) must(store->append(request(name, no_stream, some_events(next, row.actual))));
    const auto before = read_all(*store);
    const auto answer = store->append(request(name, row.expected, {an_event(next + row.actual)}));
    next += row.actual + 1;
    if (row.met) {
      CHECK(must(answer) == written({row.actual + 1}, before.size() + 1, before.size() + 1));
      CHECK(must(store->revision_of(stream(name))) == revision{row.actual + 1});
      continue;
    }
    CHECK(code_of(answer) == errc::wrong_expected_revision);
    CHECK(conflict_of(answer) == conflict{name, row.expected.str(), row.actual});
    CHECK(answer.error().outcome == outcome::not_written);
    CHECK(read_all(*store) == before);
  }
}

TEST_CASE("a revision beyond 64 bits is no revision") { // A.23
  CHECK(must(revision::parse("18446744073709551615")).value == std::numeric_limits<std::uint64_t>::max());
  for (const auto* text : {"18446744073709551616", "99999999999999999999999", "-1", "", "1 ", "0x1"}) {
    CAPTURE(text);
    CHECK(code_of(revision::parse(text)) == errc::invalid_argument);
  }
}

SKALD_CONTRACT_CONTENDED("a repeated request gets its original receipt and writes nothing") { // A.9 to A.11, A.15
  three_events store{backend};
  must(store->append(request("a", any, {an_event(4)})));
  const auto before = read_all(*store);
  struct row {
    const char* name;
    append_request again;
    receipt original;
  };
  const row rows[] = {
    {"A.9 the first one with no_stream", request("a", no_stream, some_events(1, 1)), written({1}, 1, 1)},
    {"A.10 the first one with any", request("a", any, some_events(1, 1)), written({1}, 1, 1)},
    {"the first one with stream_exists", request("a", stream_exists, some_events(1, 1)), written({1}, 1, 1)},
    {"A.11 the second one with exactly(1)", request("a", exactly(1), some_events(2, 1)), written({2}, 2, 2)},
    {"A.15 the whole", request("a", no_stream, some_events(1, 3)), written({3}, 1, 3)},
    {"A.15 the whole with stream_exists", request("a", stream_exists, some_events(1, 3)), written({3}, 1, 3)},
    {"its end", request("a", exactly(1), some_events(2, 2)), written({3}, 2, 3)},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(must(store->append(row.again)) == row.original);
    CHECK(read_all(*store) == before);
  }
}

SKALD_CONTRACT_CONTENDED("a repeated request over several streams gets its original receipt") { // A.15
  fixture store{backend};
  must(store->append(request("checked", no_stream, some_events(100, 2))));
  const append_request both{{{stream("a"), no_stream, some_events(1, 2)},
                             {stream("checked"), exactly(2)},
                             {stream("none"), no_stream},
                             {stream("b"), no_stream, some_events(3, 2)}}};
  const auto original = must(store->append(both));
  CHECK(original == written({2, 2, 0, 2}, 3, 6));
  SUBCASE("at once") {}
  SUBCASE("after its streams have moved on") {
    must(store->append(request("a", any, {an_event(50)})));
    must(store->append(request("checked", any, {an_event(51)})));
    must(store->append(request("none", any, {an_event(52)})));
  }
  const auto before = read_all(*store);
  CHECK(must(store->append(both)) == original);
  CHECK(read_all(*store) == before);
}

SKALD_CONTRACT_CONTENDED("a request is repeated within the group that wrote it") { // A.15
  fixture store{backend};
  const std::vector<append_request> group{request("a", no_stream, some_events(1, 2)),
                                          request("a", no_stream, some_events(1, 2)),
                                          request("a", exactly(2), some_events(3, 1))};
  const auto answers = store->append(group);
  REQUIRE(answers.size() == 3);
  CHECK(must(answers[0]) == written({2}, 1, 2));
  CHECK(must(answers[1]) == written({2}, 1, 2));
  CHECK(must(answers[2]) == written({3}, 3, 3));
}

SKALD_CONTRACT_CONTENDED("a request of known and new events is refused") { // A.12
  three_events store{backend};
  auto mixed = some_events(2, 2);
  mixed.push_back(an_event(4));
  SUBCASE("with an expectation that is no longer met") {
    const auto answer = store->append(request("a", exactly(1), mixed));
    CHECK(conflict_of(answer) == conflict{"a", "1", 3});
  }
  SUBCASE("with one that is") {
    CHECK(code_of(store->append(request("a", exactly(3), mixed))) == errc::duplicate_event);
    CHECK(code_of(store->append(request("a", any, mixed))) == errc::duplicate_event);
  }
  CHECK(read_all(*store) == store.before);
}

SKALD_CONTRACT_CONTENDED("a known id anywhere but at its place is a duplicate") { // A.13, A.14
  three_events store{backend};
  must(store->append(request("b", no_stream, {an_event(10)})));
  const auto before = read_all(*store);
  struct row {
    const char* name;
    append_request request;
  };
  auto swapped = some_events(1, 2);
  std::swap(swapped[0], swapped[1]);
  const row rows[] = {
    {"A.13 at a new revision", request("a", exactly(3), some_events(1, 1))},
    {"A.13 at another new revision", request("a", exactly(3), some_events(3, 1))},
    {"A.14 in another stream", request("b", any, some_events(1, 1))},
    {"A.14 in another stream at its revision", request("b", exactly(1), some_events(2, 1))},
    {"A.14 in a new stream", request("c", no_stream, some_events(1, 1))},
    {"in another order", request("a", any, swapped)},
    {"with one left out", request("a", any, {an_event(1), an_event(3)})},
    {"together with those of another request",
     append_request{{{stream("b"), any, {an_event(10)}}, {stream("a"), any, some_events(1, 3)}}}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto answer = store->append(row.request);
    CHECK(code_of(answer) == errc::duplicate_event);
    CHECK(answer.error().outcome == outcome::not_written);
    CHECK(read_all(*store) == before);
  }
}

SKALD_CONTRACT_CONTENDED("a known id with another body is a duplicate and the message says so") { // A.16
  three_events store{backend};
  struct row {
    const char* name;
    void (*change)(new_event&);
    std::string_view says = "with other data or metadata";
  };
  const row rows[] = {
    {"data", [](new_event& e) { e.data = number_json(99); }},
    {"data with another spelling", [](new_event& e) { e.data = "{\"n\": 1}"; }},
    {"metadata", [](new_event& e) { e.meta = "{}"; }},
    {"type", [](new_event& e) { e.type = "thing:else"; }, "with another type"},
    {"schema version", [](new_event& e) { e.schema_version = 2; }, "with another schema version"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto again = some_events(1, 3);
    row.change(again[0]);
    const auto answer = store->append(request("a", no_stream, again));
    REQUIRE(code_of(answer) == errc::duplicate_event);
    CHECK_MESSAGE(answer.error().message.ends_with(row.says), answer.error().message);
    CHECK(read_all(*store) == store.before);
  }
}

SKALD_CONTRACT("known events of more bytes than a page are known, whether or not reads are verified") { // A.15, A.16
  for (const bool verified : {false, true}) {
    CAPTURE(verified);
    const auto place = backend.make_place();
    store_options options;
    options.verify_reads = verified;
    const auto store = place->open(options);
    auto large = request("a", no_stream, some_events(1, 10));
    for (auto& event : large.streams[0].events) event.data = '"' + std::string(std::size_t{1} << 20, 'x') + '"';
    const auto original = must(store->append(large));
    CHECK(must(store->append(large)) == original);
    large.streams[0].events.back().data[7] = 'y';
    CHECK(code_of(store->append(large)) == errc::duplicate_event);
  }
}

SKALD_CONTRACT_CONTENDED("a request without streams succeeds and does nothing") { // A.17
  three_events store{backend};
  CHECK(must(store->append(append_request{})) == receipt{});
  CHECK(store->append(std::span<const append_request>{}).empty());
  CHECK(read_all(*store) == store.before);
}

SKALD_CONTRACT_CONTENDED("a stream without events is only a check") { // A.17, A.27
  three_events store{backend};
  CHECK(must(store->append(request("a", exactly(3), {}))) == written({3}, 0, 0));
  CHECK(must(store->append(request("none", no_stream, {}))) == written({0}, 0, 0));
  CHECK(conflict_of(store->append(request("a", exactly(2), {}))) == conflict{"a", "2", 3});
  const append_request refused{{{stream("b"), no_stream, some_events(10, 2)}, {stream("a"), exactly(2)}}};
  CHECK(conflict_of(store->append(refused)) == conflict{"a", "2", 3});
  CHECK(read_all(*store) == store.before);
  CHECK(must(store->revision_of(stream("b"))) == revision{});
  const append_request met{{{stream("b"), no_stream, some_events(10, 2)}, {stream("a"), exactly(3)}}};
  CHECK(must(store->append(met)) == written({2, 3}, 4, 5));
}

SKALD_CONTRACT_CONTENDED("two streams of five events are written together and in order") { // A.18
  fixture store{backend};
  const append_request both{{{stream("a"), no_stream, some_events(1, 5)}, {stream("b"), no_stream, some_events(6, 5)}}};
  CHECK(must(store->append(both)) == written({5, 5}, 1, 10));
  const auto all = read_all(*store);
  REQUIRE(all.size() == 10);
  for (std::uint64_t n = 1; n <= 10; ++n) {
    CHECK(all[n - 1].data == number_json(n));
    CHECK(all[n - 1].stream == stream(n <= 5 ? "a" : "b"));
    CHECK(all[n - 1].revision == revision{(n - 1) % 5 + 1});
  }
  CHECK(read_stream(*store, "a").size() == 5);
  CHECK(read_stream(*store, "b").size() == 5);
}

SKALD_CONTRACT_CONTENDED("a conflict in the second stream leaves nothing of the first") { // A.19
  three_events store{backend};
  const append_request both{
    {{stream("b"), no_stream, some_events(10, 5)}, {stream("a"), exactly(1), some_events(20, 5)}}};
  CHECK(conflict_of(store->append(both)) == conflict{"a", "1", 3});
  CHECK(read_all(*store) == store.before);
  CHECK(must(store->revision_of(stream("b"))) == revision{});
  CHECK_FALSE(must(store->find(id(10))));
}

SKALD_CONTRACT_CONTENDED("eight writers of one stream lose nothing and keep their order") { // A.20
  fixture store{backend};
  constexpr std::uint64_t writers = 8;
  const std::uint64_t each = backend.alone ? 200 : 50; // where another process is in the way, each takes long
  std::atomic<int> refused = 0;
  {
    std::vector<std::thread> threads;
    for (std::uint64_t w = 0; w < writers; ++w)
      threads.emplace_back([&, w] {
        for (std::uint64_t i = 0; i < each; ++i)
          if (!store->append(request("a", any, {an_event(w * 1000 + i)}))) ++refused;
      });
    for (auto& thread : threads) thread.join();
  }
  CHECK(refused == 0);
  const auto all = read_stream(*store, "a");
  CHECK(all.size() == writers * each);
  CHECK(read_all(*store) == all);
  std::vector<std::uint64_t> next(writers);
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i].revision == revision{i + 1});
    REQUIRE(all[i].position == position{i + 1});
    std::uint64_t w = 0;
    while (w < writers && all[i].data != number_json(w * 1000 + next[w])) ++w;
    REQUIRE_MESSAGE(w < writers, "out of its writer's order: ", all[i].data);
    ++next[w];
  }
}

SKALD_CONTRACT_CONTENDED("one writer wins each race for a revision") { // A.21
  fixture store{backend};
  constexpr std::uint64_t writers = 8;
  constexpr std::uint64_t rounds = 50;
  std::vector<int> wins(rounds);
  std::mutex mutex;
  int others = 0;
  {
    std::vector<std::thread> threads;
    for (std::uint64_t w = 0; w < writers; ++w)
      threads.emplace_back([&, w] {
        for (std::uint64_t round = 0; round < rounds; ++round) {
          const auto answer = store->append(request("a", exactly(round), {an_event(w * 1000 + round)}));
          const std::lock_guard lock{mutex};
          if (answer)
            ++wins[round];
          else if (answer.error().code != errc::wrong_expected_revision)
            ++others;
        }
      });
    for (auto& thread : threads) thread.join();
  }
  CHECK(others == 0);
  CHECK(wins == std::vector<int>(rounds, 1));
  CHECK(must(store->revision_of(stream("a"))) == revision{rounds});
}

SKALD_CONTRACT_CONTENDED("a reserved or empty stream name is refused") { // A.24
  fixture store{backend};
  for (const auto* name : {"$all", "$", "$fine-1"}) {
    CAPTURE(name);
    CHECK(code_of(store->append(request(name, any, some_events(1, 1)))) == errc::invalid_argument);
  }
  CHECK(code_of(store->append(append_request{stream_id{}, any, some_events(1, 1)})) == errc::invalid_argument);
  CHECK(code_of(store->read(stream_query{stream_id{}})) == errc::invalid_argument);
  CHECK(code_of(store->revision_of(stream_id{})) == errc::invalid_argument);
  CHECK(read_all(*store).empty());
}

SKALD_CONTRACT_CONTENDED("a stream that is named twice in a request is refused") {
  fixture store{backend};
  const append_request twice{
    {{stream("a"), no_stream, some_events(1, 1)}, {stream("a"), exactly(1), some_events(2, 1)}}};
  CHECK(code_of(store->append(twice)) == errc::invalid_argument);
  CHECK(read_all(*store).empty());
}

SKALD_CONTRACT_CONTENDED("an event of an unregistered type is refused") { // A.25
  fixture store{backend, user_catalog()};
  CHECK(code_of(store->append(request("a", any, {an_event(1)}))) == errc::event_missing);
  CHECK(read_all(*store).empty());
}

SKALD_CONTRACT_CONTENDED("each of a thousand requests in a group gets its own answer") { // A.26
  fixture store{backend};
  must(store->append(request("taken", no_stream, {an_event(5000)})));
  std::vector<append_request> group;
  for (std::uint64_t i = 0; i < 1000; ++i)
    group.push_back(request(i % 3 == 2 ? "taken" : "s" + std::to_string(i % 7), i % 3 == 2 ? no_stream : any,
                            some_events(i * 2, 1 + i % 2)));
  const auto answers = store->append(group);
  REQUIRE(answers.size() == group.size());
  std::uint64_t next = 2;
  for (std::uint64_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i);
    if (i % 3 == 2) {
      CHECK(conflict_of(answers[i]) == conflict{"taken", "no_stream", 1});
      continue;
    }
    const auto got = must(answers[i]);
    CHECK(got.first == position{next});
    next += 1 + i % 2;
    CHECK(got.last == position{next - 1});
  }
  const auto all = read_all(*store);
  REQUIRE(all.size() == next - 1);
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i].position == position{i + 1});
}

SKALD_CONTRACT_CONTENDED("an id that stands twice in a request is refused") { // A.28
  fixture store{backend};
  CHECK(code_of(store->append(request("a", any, {an_event(1), an_event(1)}))) == errc::invalid_argument);
  const append_request over_two{{{stream("a"), any, some_events(1, 1)}, {stream("b"), any, some_events(1, 1)}}};
  CHECK(code_of(store->append(over_two)) == errc::invalid_argument);
  CHECK(read_all(*store).empty());
}

SKALD_CONTRACT_CONTENDED("an event without id gets one, each its own") {
  fixture store{backend};
  must(store->append(request("a", no_stream, {{"thing:happened", "1"}, {"thing:happened", "1"}})));
  const auto all = read_all(*store);
  REQUIRE(all.size() == 2);
  CHECK_FALSE(all[0].id.nil());
  CHECK(all[0].id != all[1].id);
}

SKALD_CONTRACT_CONTENDED("a time of creation below the stream's newest is raised to just above it") { // A.29
  fixture store{backend};
  must(store->append(request("a", no_stream, {an_event(1, "thing:happened", at(5000))})));
  must(store->append(request("a", any,
                             {an_event(2, "thing:happened", at(4000)), an_event(3, "thing:happened", at(5000)),
                              an_event(4, "thing:happened", at(6000))})));
  const auto all = read_stream(*store, "a");
  REQUIRE(all.size() == 4);
  CHECK(all[0].created == at(5000));
  CHECK(all[1].created == at(5000, 1));
  CHECK(all[2].created == at(5000, 2));
  CHECK(all[3].created == at(6000));
}

SKALD_CONTRACT_CONTENDED("a given time of creation does not move the clock") { // A.29
  fixture store{backend};
  const timestamp far{store.clock.time() + default_max_drift, 0};
  must(store->append(request("a", no_stream, {an_event(1, "thing:happened", far)})));
  CHECK(store->clock().now() < far);
  must(store->append(request("b", no_stream, {an_event(2)})));
  must(store->append(request("a", any, {an_event(3)})));
  const auto all = read_all(*store);
  REQUIRE(all.size() == 3);
  CHECK(all[0].created == far);
  CHECK(all[0].recorded < far);
  CHECK(all[1].created == all[1].recorded);
  CHECK(all[2].created == far.next());
  CHECK(all[2].recorded < far);
}

SKALD_CONTRACT_CONTENDED("an event that was created further in the future than clocks may differ is refused") { // A.29
  fixture store{backend};
  const auto created = [&](std::uint64_t number, std::chrono::milliseconds ahead) {
    return an_event(number, "thing:happened", {store.clock.time() + default_max_drift + ahead, 0xffff});
  };
  const std::chrono::milliseconds one{1};
  must(store->append(request("a", no_stream, {created(1, -one)})));
  must(store->append(request("a", any, {created(2, std::chrono::milliseconds{0})})));
  append_request over_two{{{stream("b"), any, {an_event(3)}}, {stream("a"), any, {an_event(4), created(5, one)}}}};
  over_two.relations.push_back(relation_change::insert(relation_key{"k"}, stream("b")));
  const auto refused = store->append(over_two);
  REQUIRE(code_of(refused) == errc::clock_drift);
  CHECK(refused.error().outcome == outcome::not_written);
  CHECK(refused.error().message.find("'thing:happened'") != std::string::npos);
  CHECK(read_all(*store).size() == 2);
  CHECK(must(store->related(relation_key{"k"})).streams.empty());
  CHECK(code_of(store->append(request("a", exactly(7), {created(5, one)}))) == errc::wrong_expected_revision);
  // It did not move the time of its stream, and is written when its time has come.
  must(store->append(request("b", no_stream, {an_event(3)})));
  CHECK(read_stream(*store, "b").front().created < timestamp{store.clock.time() + one, 0});
  auto late = created(5, one);
  store.clock.advance(one);
  const auto given = must(store->append(request("a", exactly(2), {late})));
  // What was written is answered again, also by a clock that was set back.
  store.clock.advance(-std::chrono::hours{1});
  CHECK(must(store->append(request("a", exactly(2), {late}))) == given);
}

SKALD_CONTRACT_CONTENDED("nothing comes behind the end of time") {
  const auto place = backend.make_place();
  store_options options;
  options.max_drift = timestamp::max().time().time_since_epoch();
  const auto store = place->open(options);
  const auto last = [](std::uint64_t number) { return an_event(number, "thing:happened", timestamp::max()); };
  CHECK(code_of(store->append(request("a", any, {last(1), an_event(2)}))) == errc::invalid_argument);
  CHECK(read_all(*store).empty());
  must(store->append(request("a", no_stream, {last(1)})));
  CHECK(code_of(store->append(request("a", any, {an_event(2)}))) == errc::invalid_argument);
  must(store->append(request("b", any, {an_event(2)})));
  CHECK(read_stream(*store, "a").front().created == timestamp::max());
  CHECK(code_of(store->append(request("b", any, {an_event(3, "thing:happened", timestamp::max().next())}))) ==
        errc::invalid_argument);
}

SKALD_CONTRACT_CONTENDED("a request that is not to be emitted is kept silent") {
  fixture store{backend};
  auto quiet = request("a", no_stream, some_events(1, 2));
  quiet.emit = false;
  must(store->append(quiet));
  must(store->append(request("a", any, {an_event(3)})));
  std::vector<bool> silent;
  for (const auto& r : read_all(*store)) silent.push_back(r.silent);
  CHECK(silent == std::vector{true, true, false});
}

SKALD_CONTRACT_CONTENDED("a request that rests on an event falls with it") {
  fixture store{backend};
  auto leaning = request("a", any, {an_event(2)});
  leaning.after = id(1);
  CHECK(conflict_of(store->append(leaning)) == conflict{"a", "any", 0});
  CHECK(read_all(*store).empty());
  must(store->append(request("a", no_stream, {an_event(1)})));
  must(store->append(leaning));
  const std::vector<append_request> group{request("a", exactly(9), {an_event(3)}), [] {
                                            auto r = request("a", any, {an_event(4)});
                                            r.after = id(3);
                                            return r;
                                          }()};
  for (const auto& answer : store->append(group)) CHECK(code_of(answer) == errc::wrong_expected_revision);
  CHECK(read_all(*store).size() == 2);
}

SKALD_CONTRACT_CONTENDED("an undone transaction leaves nothing behind") {
  three_events store{backend};
  const auto add = [](event_store::transaction& tx, std::uint64_t number, std::string name, std::string type) {
    auto r = foreign(number, std::move(name), at(static_cast<std::int64_t>(number)), std::move(type));
    r.position = position{tx.head().value + 1};
    r.revision = revision{tx.head_of(r.stream).revision.value + 1};
    tx.write(r);
    return r;
  };
  const auto work = [&](event_store::transaction& tx) {
    add(tx, 10, "a", "thing:happened");
    add(tx, 11, "new", "thing:new");
    const auto inside = add(tx, 12, "new", "thing:happened");
    CHECK(tx.head() == position{6});
    CHECK(tx.head_of(stream("new")).revision == revision{2});
    CHECK(tx.head_of(stream("new")).newest == at(12));
    CHECK(knows(tx, inside));
    CHECK(knows(tx, store.before[1]));
    CHECK_FALSE(tx.find(id(13)));
    CHECK(tx.holds_later(stream("new"), "thing:happened", at(11)));
    CHECK_FALSE(tx.holds_later(stream("new"), "thing:new", at(11)));
    CHECK_FALSE(tx.holds_later(stream("none"), "thing:new", at(11)));
    CHECK(tx.revision_at(stream("new"), position{5}) == revision{1});
    CHECK(tx.revision_at(stream("a"), position{2}) == revision{2});
    CHECK(tx.revision_at(stream("none"), position{6}) == revision{});
  };
  const error refusal{errc::rejected, "no"};
  SUBCASE("which answered an error") {
    const auto answer = door::open(*store, [&](event_store::transaction& tx) -> result<void> {
      work(tx);
      return refusal;
    });
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == refusal);
  }
  SUBCASE("which threw a failure") {
    const auto answer = door::open(*store, [&](event_store::transaction& tx) -> result<void> {
      work(tx);
      throw failure{refusal};
    });
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == refusal);
  }
  SUBCASE("which threw something else") {
    CHECK_THROWS_AS(must(door::open(*store,
                                    [&](event_store::transaction& tx) -> result<void> {
                                      work(tx);
                                      throw std::bad_alloc{};
                                    })),
                    std::bad_alloc);
  }
  CHECK(read_all(*store) == store.before);
  CHECK(read_stream(*store, "a") == store.before);
  CHECK(read_stream(*store, "new").empty());
  CHECK(must(store->revision_of(stream("new"))) == revision{});
  CHECK_FALSE(must(store->find(id(11))));
  CHECK(must(store->append(request("a", exactly(3), {an_event(10)}))) == written({4}, 4, 4));
  CHECK(must(store->append(request("new", no_stream, {an_event(11, "thing:other")}))) == written({1}, 5, 5));
  CHECK(read_stream(*store, "new").front().type == "thing:other");
}

SKALD_CONTRACT("wrong data is refused and nothing stored") { // B.30, B.32, B.33
  fixture store{backend, user_catalog()};
  const auto meta = [](new_event e, std::string text) {
    e.meta = std::move(text);
    return e;
  };
  const new_event note{"user:noted", R"({"text":"hi"})", id(9)};
  struct row {
    const char* name;
    std::vector<new_event> events;
  };
  const row rows[] = {
    {"B.30 a string for a number", {user(1, R"({"name":{"given":"John","family":"Doe"},"age":"33"})")}},
    {"B.30 a member missing", {user(1, R"({"name":{"given":"John","family":"Doe"}})")}},
    {"B.30 a member too many", {user(1, R"({"name":{"given":"J","family":"D"},"age":1,"x":1})")}},
    {"B.30 no JSON", {user(1, "{")}},
    {"B.30 no text", {user(1, "")}},
    {"B.32 the middle one of three", {user(1, good_user), user(2, "{}"), user(3, good_user)}},
    {"B.33 null for the whole", {user(1, "null")}},
    {"B.33 null for a member", {user(1, R"({"name":{"given":"John","family":null},"age":33})")}},
    {"metadata missing", {note}},
    {"wrong metadata", {meta(note, R"({"who":1})")}},
    {"metadata where there are none", {meta(user(1, good_user), "{}")}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto answer = store->append(request("user-1", any, row.events));
    CHECK(code_of(answer) == errc::invalid_event);
    CHECK(read_all(*store).empty());
  }
  must(store->append(request("user-1", no_stream, {user(1, good_user), meta(note, R"({"who":"me"})")})));
  CHECK(read_all(*store).size() == 2);
}

SKALD_CONTRACT("all problems of an event are told at once, each with its path") { // B.34
  fixture store{backend, user_catalog()};
  const auto answer = store->append(request("user-1", any, {user(1, R"({"name":{"given":7},"age":"x"})")}));
  REQUIRE(code_of(answer) == errc::invalid_event);
  for (const auto* part : {"name.given:", "name.family: missing", "age:"})
    CHECK_MESSAGE(answer.error().message.find(part) != std::string::npos, part, " in: ", answer.error().message);
}

SKALD_CONTRACT("text that is no JSON is refused without a catalog, too") {
  fixture store{backend};
  for (const auto* text : {"", "{", "nul", "{\"a\":}", "1 2", "\"\xff\"", "\"\n\""}) {
    CAPTURE(text);
    CHECK(code_of(store->append(request("a", any, {{"thing:happened", text}}))) == errc::invalid_event);
    auto with_meta = an_event(1);
    with_meta.meta = text;
    if (*text) CHECK(code_of(store->append(request("a", any, {with_meta}))) == errc::invalid_event);
  }
  CHECK(read_all(*store).empty());
}

SKALD_CONTRACT("text of every kind comes back byte for byte") { // B.36
  fixture store{backend};
  const std::string texts[] = {
    R"({"emoji":"👩‍👩‍👧‍👦🏳️‍🌈","rtl":"שלום عليكم"})",
    "{\"separator\":\"\xe2\x80\xa8\xe2\x80\xa9\"}",
    R"({"nul":"\u0000","surrogates":"\ud83d\ude00","solidus":"\/"})",
    "9007199254740993",
    "[18446744073709551615,123456789012345678901234567890]",
    "[1.10,-0.0,1e400,0.1e-7,1E+2]",
    R"({"a":1,"a":2,"a":{"b":1,"b":2}})",
    "  { \"spaces\" :\t[ ] ,\r\n \"x\":null}  ",
    std::string(100, '[') + std::string(100, ']'),
    R"("")",
    "{\"\":\"'; DROP TABLE skald_events; --\"}",
    '"' + std::string(100'000, 'x') + '"',
  };
  std::vector<new_event> made;
  for (const auto& text : texts) {
    auto& e = made.emplace_back("type of text " + std::to_string(made.size()), text);
    e.meta = text;
    e.schema_version = std::numeric_limits<std::uint32_t>::max() - static_cast<std::uint32_t>(made.size());
  }
  const auto* name = "größe '; -- \xf0\x9f\x92\xb8 % _ \" \\ \x01";
  must(store->append(request(name, no_stream, made)));
  if (backend.persistent) store.reopen();
  const auto all = read_stream(*store, name);
  REQUIRE(all.size() == made.size());
  CHECK(read_all(*store) == all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].stream.str() == name);
    CHECK(all[i].type == made[i].type);
    CHECK(all[i].schema_version == made[i].schema_version);
    CHECK(all[i].data == made[i].data);
    CHECK(all[i].meta == made[i].meta);
  }
}

SKALD_CONTRACT("ten thousand events are made and inserted") { // B.37
  fixture store{backend};
  std::vector<append_request> group;
  for (std::uint64_t i = 0; i < 10'000; ++i)
    group.push_back(request("user-" + std::to_string(i), no_stream, {an_event(i)}));
  for (const auto& answer : store->append(group)) REQUIRE(answer);
  CHECK(must(store->head()) == position{10'000});
  CHECK(read_all(*store).size() == 10'000);
}

SKALD_CONTRACT("time strictly increases while the wall clock stands still, and across a restart") { // B.38
  fixture store{backend};
  timestamp last{};
  bool increasing = true;
  for (int i = 0; i < 100'001; ++i) {
    const auto now = store->clock().now();
    increasing = increasing && now > last;
    last = now;
  }
  CHECK(increasing);
  must(store->append(request("a", no_stream, some_events(1, 2))));
  const auto all = read_all(*store);
  CHECK(all[0].recorded > last);
  CHECK(all[1].recorded > all[0].recorded);
  if (backend.persistent) {
    store.clock.advance(-std::chrono::hours{1});
    store.reopen();
    CHECK(store->clock().now() > all[1].recorded);
    must(store->append(request("b", no_stream, {an_event(3)})));
    CHECK(read_stream(*store, "b").front().created > all[1].recorded);
  }
}

SKALD_CONTRACT("an event that is too large is refused") {
  fixture store{backend};
  const auto sized = [](std::size_t bytes) {
    return new_event{"thing:happened", '"' + std::string(bytes - 2, 'x') + '"'};
  };
  must(store->append(request("a", any, {sized(limits::event_bytes)})));
  CHECK(code_of(store->append(request("a", any, {sized(limits::event_bytes + 1)}))) == errc::invalid_argument);
  CHECK(code_of(store->append(request("a", any, {{"", "1"}}))) == errc::invalid_argument);
  CHECK(code_of(store->append(request("a", any, {{std::string(257, 't'), "1"}}))) == errc::invalid_argument);
  CHECK(read_all(*store).size() == 1);
}

SKALD_CONTRACT("a batch key is kept with each event of its request, also after a restart") {
  fixture store{backend};
  auto together = request("a", no_stream, some_events(1, 2));
  together.streams.emplace_back(stream("b"), no_stream, some_events(11, 1));
  together.batch = batch_key{"of one request"};
  must(store->append(together));
  must(store->append(request("a", any, some_events(3, 1))));
  if (backend.persistent) store.reopen();
  std::vector<std::string> batches;
  for (const auto& r : read_all(*store)) batches.push_back(r.batch.str());
  CHECK(batches == std::vector<std::string>{"of one request", "of one request", "of one request", ""});
  CHECK(read_stream(*store, "b").front().batch == batch_key{"of one request"});
  CHECK(must(store->find(id(2)))->batch == batch_key{"of one request"});
}
