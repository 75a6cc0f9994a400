#include <tests/store/contract.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

using namespace skald;
using namespace skald::test;

namespace {

/// One record, hydrated, as the store has it then.
record hydrated(event_store& store, const record& source) {
  must(store.hydrate(std::span{&source, 1}));
  return *must(store.find(source.id));
}

} // namespace

SKALD_CONTRACT("a hydrated record keeps what it is and gets a place of its own") { // C.39
  fixture store{backend};
  must(store->append(request("other", no_stream, some_events(100, 2))));
  auto source = foreign(1, "a", at(1000, 3), "fine:paid");
  source.schema_version = 4;
  source.meta = R"({ "by" : "me" })";
  source.silent = true;
  source.batch = batch_key{"import 7"};
  auto expected = source;
  expected.revision = revision{1};
  expected.position = position{3};
  expected.hydrated = true;
  const auto got = hydrated(*store, source);
  CHECK(got.recorded > must(store->find(id(101)))->recorded);
  CHECK(got.recorded.time() == store.clock.time());
  expected.recorded = got.recorded;
  CHECK(got == expected);
  CHECK(read_stream(*store, "a") == std::vector{expected});
}

SKALD_CONTRACT("hydrated records that lie in the future move the clock up to the drift that is allowed") { // C.39
  fixture store{backend};
  const timestamp soon{store.clock.time() + default_max_drift, 9};
  const timestamp later{store.clock.time() + std::chrono::hours{1}, 0};
  struct row {
    const char* name;
    timestamp created;
    errc code;
  };
  const row rows[] = {
    {"an hour ahead", later, errc::clock_drift},
    {"a millisecond too far",
     {store.clock.time() + default_max_drift + std::chrono::milliseconds{1}, 0},
     errc::clock_drift},
    {"just not too far", soon, errc::none},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const record source = foreign(1, "a", row.created);
    CHECK(code_of(store->hydrate(std::span{&source, 1})) == row.code);
    CHECK(read_all(*store).size() == (row.code == errc::none ? 1 : 0));
    if (row.code != errc::none) CHECK(store->clock().now().time() == store.clock.time());
  }
  const auto got = read_all(*store).front();
  CHECK(got.created == soon);
  CHECK(got.recorded > soon);
  CHECK(store->clock().now() > got.recorded);

  // What has moved the clock does not let the next one move it further.
  const auto next = foreign(2, "a", {soon.time() + std::chrono::milliseconds{1}, 0});
  CHECK(code_of(store->hydrate(std::span{&next, 1})) == errc::clock_drift);
}

SKALD_CONTRACT("a record from the last day of time is not hydrated, which would leave the clock no room") {
  const auto place = backend.make_place();
  const manual_clock clock;
  store_options options;
  options.wall = clock;
  options.max_drift = std::chrono::milliseconds::max();
  auto store = place->open(options);
  const auto hydrate = [&](std::uint64_t number, timestamp created) {
    const auto source = foreign(number, "a", created);
    return code_of(store->hydrate(std::span{&source, 1}));
  };
  const timestamp latest{timestamp::max().time() - std::chrono::hours{24}, 0xffff};
  CHECK(hydrate(1, timestamp::max()) == errc::invalid_argument);
  CHECK(hydrate(1, latest.next()) == errc::invalid_argument);
  CHECK(read_all(*store).empty());
  CHECK(store->clock().now().time() == clock.time());

  CHECK(hydrate(2, latest) == errc::none);
  must(store->append(request("b", no_stream, {an_event(3), an_event(4, "thing:happened", timestamp::max())})));
  must(store->append(request("a", exactly(1), {an_event(5)})));
  if (backend.persistent) {
    const auto before = read_all(*store);
    store.reset();
    store = place->open(options);
    CHECK(read_all(*store) == before);
  }
  must(store->append(request("a", exactly(2), {an_event(6)})));
  CHECK(must(store->verify()).sound());
  const auto all = read_all(*store);
  REQUIRE(all.size() == 5);
  CHECK(all[0].created == latest);
  CHECK(all[2].created == timestamp::max());
  for (auto last = latest; const auto& r : all) CHECK(std::exchange(last, r.recorded) < r.recorded);
  CHECK(all.back().recorded < timestamp::max());
  CHECK(read_stream(*store, "a") == std::vector{all[0], all[3], all[4]});
}

SKALD_CONTRACT("a clock that has come to the end of time ends writing, and nothing else") {
  fixture store{backend};
  const auto known = request("a", no_stream, {an_event(1)});
  const auto receipt = must(store->append(known));
  store->clock().observe(timestamp{timestamp::max().ticks() - 2});
  const auto refused = [](const auto& answer) {
    REQUIRE(code_of(answer) == errc::insertion_failed);
    CHECK(answer.error().outcome == outcome::not_written);
    CHECK(answer.error().message.find("the end of time") != std::string::npos);
  };
  refused(store->append(request("b", any, some_events(10, 3)))); // there is time for two
  refused(store->append(request("b", any, {an_event(13)})));
  const auto source = foreign(14, "b", at(1));
  refused(store->hydrate(std::span{&source, 1}));
  append_request command;
  command.command = command_id{"c"};
  refused(store->append(command));
  CHECK(must(store->append(known)) == receipt);
  CHECK(read_all(*store).size() == 1);
  CHECK(must(store->verify()).sound());
  if (!backend.persistent) return;
  store.reopen(); // nothing of it was written
  must(store->append(request("b", no_stream, {an_event(13)})));
  CHECK(read_all(*store).back().recorded.time() == store.clock.time());
}

SKALD_CONTRACT("a refused record leaves nothing of its neighbours") {
  fixture store{backend};
  std::vector<record> records{foreign(1, "a", at(1)), foreign(2, "a", at(2)), foreign(3, "b", at(3))};
  auto& middle = records[1];
  auto expected = errc::invalid_argument;
  SUBCASE("too far in the future") {
    middle.created = timestamp{store.clock.time() + std::chrono::hours{1}, 0};
    expected = errc::clock_drift;
  }
  SUBCASE("without an id") { middle.id = {}; }
  SUBCASE("without a time") { middle.created = {}; }
  SUBCASE("beyond time") { middle.created = timestamp::max().next(); }
  SUBCASE("without a stream") { middle.stream = {}; }
  SUBCASE("in a reserved stream") { middle.stream = stream("$all"); }
  SUBCASE("without a type") { middle.type.clear(); }
  SUBCASE("with data that are no JSON") {
    middle.data = "{";
    expected = errc::invalid_event;
  }
  CHECK(code_of(store->hydrate(records)) == expected);
  CHECK(read_all(*store).empty());
  CHECK(must(store->head()) == position{});
  middle = foreign(2, "a", at(2));
  CHECK(must(store->hydrate(records)) == hydrate_report{3, 0, position{3}});
}

SKALD_CONTRACT("known records are counted and skipped") { // D.60
  fixture store{backend};
  must(store->append(request("a", no_stream, some_events(1, 2))));
  const auto before = read_all(*store);
  std::vector<record> records{foreign(1, "a", at(1)), foreign(3, "a", at(1)), foreign(2, "elsewhere", at(1)),
                              foreign(3, "a", at(1)), foreign(4, "b", at(2))};
  const auto told = must(store->hydrate(records));
  CHECK(told.written == 2);
  CHECK(told.known == 3);
  CHECK(told.last == position{4});
  auto all = read_all(*store);
  REQUIRE(all.size() == 4);
  CHECK(all[2].id == id(3));
  CHECK(all[2].revision == revision{3});
  CHECK(all[3].id == id(4));
  CHECK(std::equal(before.begin(), before.end(), all.begin()));
  CHECK(must(store->hydrate(records)).known == 5);
  CHECK(read_all(*store) == all);
  CHECK(must(store->hydrate({})) == hydrate_report{});
}

SKALD_CONTRACT("a store hydrates what another one reads, and gives it on") {
  fixture source{backend};
  fixture target{kind_of<memory>};
  fixture back{backend};
  must(source->append(request("a", no_stream, some_events(1, 3))));
  must(source->append(request("b", no_stream, some_events(11, 2))));
  must(target->append(request("a", no_stream, some_events(21, 1))));
  const auto sent = read_all(*source);
  CHECK(must(target->hydrate(sent)) == hydrate_report{5, 0, position{6}});
  CHECK(must(target->revision_of(stream("a"))) == revision{4});
  CHECK(must(back->hydrate(read_all(*target))) == hydrate_report{6, 0, position{6}});
  CHECK(must(back->hydrate(sent)) == hydrate_report{0, 5, position{}});
  CHECK(must(source->hydrate(read_all(*back))) == hydrate_report{1, 5, position{6}}); // where it all came from
}

SKALD_CONTRACT("a record is outdated where its stream holds a later one of its type") { // D.60 to D.62
  fixture store{backend};
  must(store->append(
    request("a", no_stream, {an_event(1, "red", at(10)), an_event(2, "blue", at(20)), an_event(3, "red", at(30))})));
  must(store->append(request("b", no_stream, {an_event(4, "green", at(40))})));
  struct row {
    const char* name;
    record source;
    record_status expected;
  };
  const row rows[] = {
    {"D.60 a known one", foreign(1, "a", at(10), "red"), {true, true}},
    {"D.60 the known newest", foreign(3, "a", at(30), "red"), {true, true}},
    {"D.60 a known one in another stream", foreign(1, "x", at(90), "x"), {true, true}},
    {"D.61 an older one of its type", foreign(9, "a", at(29), "red"), {false, true}},
    {"D.61 older by a counter", foreign(9, "a", at(29, 0xffff), "red"), {false, true}},
    {"D.61 the oldest", foreign(9, "a", at(1), "blue"), {false, true}},
    {"D.62 an equal time", foreign(9, "a", at(30), "red"), {false, false}},
    {"D.62 a later one", foreign(9, "a", at(30, 1), "red"), {false, false}},
    {"D.62 later than those of its type", foreign(9, "a", at(25), "blue"), {false, false}},
    {"D.62 another type", foreign(9, "a", at(1), "green"), {false, false}},
    {"D.62 an unknown type", foreign(9, "a", at(1), "unknown"), {false, false}},
    {"D.62 another stream", foreign(9, "b", at(1), "red"), {false, false}},
    {"D.62 an unknown stream", foreign(9, "c", at(1), "red"), {false, false}},
    {"beyond time", foreign(9, "a", timestamp{UINT64_MAX}, "red"), {false, false}},
  };
  const auto before = read_all(*store);
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(must(store->status(row.source)) == row.expected);
    CHECK(read_all(*store) == before);
  }
}

SKALD_CONTRACT("an outdated record is kept, marked as such") { // D.61, D.62
  fixture store{backend};
  must(store->append(request("a", no_stream, {an_event(1, "red", at(10)), an_event(2, "blue", at(20))})));
  const auto late = hydrated(*store, foreign(3, "a", at(5), "red"));
  CHECK(late.outdated);
  CHECK(late.hydrated);
  CHECK(late.created == at(5));
  CHECK(late.revision == revision{3});
  CHECK_FALSE(hydrated(*store, foreign(4, "a", at(15), "red")).outdated);
  CHECK(hydrated(*store, foreign(5, "a", at(15), "blue")).outdated);
  CHECK_FALSE(hydrated(*store, foreign(6, "b", at(1), "red")).outdated);
  std::vector<event_id> order;
  for (const auto& r : read_stream(*store, "a")) order.push_back(r.id);
  CHECK(order == std::vector{id(3), id(1), id(4), id(5), id(2)});
  if (backend.persistent) {
    store.reopen();
    CHECK(must(store->find(id(3))) == late);
  }
}

SKALD_CONTRACT("records of one call make each other outdated in their order") { // D.61
  fixture store{backend};
  must(
    store->hydrate(std::vector{foreign(1, "a", at(10)), foreign(2, "a", at(30)), foreign(3, "a", at(20)),
                               foreign(4, "new", at(5)), foreign(5, "new", at(4), "other"), foreign(6, "new", at(4))}));
  std::vector<bool> outdated;
  for (const auto& r : read_all(*store)) outdated.push_back(r.outdated);
  CHECK(outdated == std::vector{false, false, true, false, false, true});
}

SKALD_CONTRACT("what was outdated elsewhere is judged anew") {
  fixture store{backend};
  auto source = foreign(1, "a", at(10));
  source.outdated = true;
  source.hydrated = true;
  CHECK_FALSE(hydrated(*store, source).outdated);
}

SKALD_CONTRACT("an append goes behind the newest record of its stream, hydrated or not") {
  fixture store{backend};
  const timestamp soon{store.clock.time() + std::chrono::seconds{30}, 0};
  must(store->hydrate(std::vector{foreign(1, "a", soon), foreign(2, "a", at(1))}));
  must(store->append(request("a", exactly(2), {an_event(3, "thing:happened", at(7))})));
  const auto all = read_stream(*store, "a");
  REQUIRE(all.size() == 3);
  CHECK(all.back().id == id(3));
  CHECK(all.back().created == soon.next());
  CHECK(all.back().revision == revision{3});
}

SKALD_CONTRACT("a hydrated record is known to appends") {
  fixture store{backend};
  const auto source = foreign(1, "a", at(1));
  must(store->hydrate(std::span{&source, 1}));
  CHECK(must(store->append(request("a", no_stream, {an_event(1)}))) ==
        receipt{{revision{1}}, position{1}, position{1}});
  CHECK(code_of(store->append(request("b", no_stream, {an_event(1)}))) == errc::duplicate_event);
  CHECK(read_all(*store).size() == 1);
}

SKALD_CONTRACT("whether a record is outdated is decided when it comes, and stays so") { // D.61
  fixture store{backend};
  const auto first = hydrated(*store, foreign(1, "a", at(10), "red"));
  CHECK_FALSE(first.outdated);
  const auto late = hydrated(*store, foreign(2, "a", at(5), "red"));
  CHECK(late.outdated);
  must(store->append(request("a", any, {an_event(3, "red")})));
  must(store->hydrate(std::vector{foreign(4, "a", at(20), "red"), foreign(1, "a", at(10), "red")}));
  CHECK(must(store->status(foreign(9, "a", at(10), "red"))) == record_status{false, true}); // as it would be now
  CHECK(must(store->find(id(1))) == first);
  CHECK(must(store->find(id(2))) == late);
  CHECK_FALSE(must(store->find(id(3)))->outdated);
  CHECK(must(store->find(id(4)))->outdated);
  std::vector<bool> marks;
  for (const auto& r : read_stream(*store, "a")) marks.push_back(r.outdated);
  CHECK(marks == std::vector{true, false, true, false});
}

SKALD_CONTRACT("what status says of a record is what hydrating it then does") { // D.60 to D.62
  fixture store{backend};
  must(store->append(request("s0", any, {an_event(900, "red"), an_event(901, "blue")})));
  for (std::uint64_t i = 0; i < 60; ++i) {
    CAPTURE(i);
    const auto source = foreign(i * 7 % 40, "s" + std::to_string(i % 3), at(static_cast<std::int64_t>(i * 13 % 30)),
                                i % 5 < 3 ? "red" : "blue");
    const auto before = must(store->find(source.id));
    const auto told = must(store->status(source));
    const auto report = must(store->hydrate(std::span{&source, 1}));
    CHECK(told.exists == before.has_value());
    CHECK(report.known == (told.exists ? 1 : 0));
    const auto now = *must(store->find(source.id));
    if (before)
      CHECK(now == *before);
    else
      CHECK(now.outdated == told.outdated);
    CHECK(must(store->status(source)) == record_status{true, true});
  }
}

SKALD_CONTRACT("how far records may lie in the future is an option, and none may where it is zero") { // B.39
  const auto place = backend.make_place();
  manual_clock wall;
  store_options options;
  options.wall = wall;
  options.max_drift = std::chrono::milliseconds{0};
  const auto store = place->open(options);
  const auto hydrate = [&](std::uint64_t number, std::chrono::milliseconds ahead) {
    return code_of(store->hydrate(std::vector{foreign(number, "a", {wall.time() + ahead, 0xffff})}));
  };
  CHECK(hydrate(1, std::chrono::milliseconds{0}) == errc::none);
  CHECK(hydrate(2, std::chrono::milliseconds{1}) == errc::clock_drift);
  wall.advance(std::chrono::milliseconds{1});
  CHECK(hydrate(2, std::chrono::milliseconds{0}) == errc::none);
  CHECK(hydrate(3, -std::chrono::hours{1}) == errc::none);
  CHECK(read_all(*store).size() == 3);
}

SKALD_CONTRACT("records of equal times are all kept, in the order of their ids") {
  fixture store{backend};
  std::vector<record> records;
  for (std::uint64_t i = 0; i < 50; ++i) records.push_back(foreign(i * 17 % 50 + 1, "a", at(1, 0xffff)));
  must(store->hydrate(std::span{records}.first(25)));
  must(store->hydrate(records));
  const auto all = read_stream(*store, "a");
  REQUIRE(all.size() == 50);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].id == id(i + 1));
  for (const auto& r : all) CHECK((r.created == at(1, 0xffff) && !r.outdated));
  must(store->append(request("a", exactly(50), {an_event(99, "thing:happened", at(1))})));
  CHECK(must(store->find(id(99)))->created == at(2)); // the counter was full
}

SKALD_CONTRACT("of records with one id the first is kept, and another body is no conflict") {
  fixture store{backend};
  auto other = foreign(1, "b", at(2), "other");
  other.data = R"("another")";
  const auto both = must(store->hydrate(std::vector{foreign(1, "a", at(1)), other}));
  CHECK(both.written == 1);
  CHECK(both.known == 1);
  REQUIRE(both.different.size() == 1);
  CHECK(both.different[0].index == 1);
  CHECK(must(store->hydrate(std::vector{other})).different.size() == 1);
  CHECK(must(store->find(id(1)))->data == number_json(1));
  CHECK(must(store->revision_of(stream("b"))) == revision{});
}

SKALD_CONTRACT(
  "a known record that is not the event under its id is skipped and told, with what is different") { // D.60
  fixture store{backend};
  auto source = foreign(1, "a", at(1000, 3), "fine:paid");
  source.meta = R"({"by":"me"})";
  source.batch = batch_key{"b"};
  must(store->append(request("a", no_stream, {an_event(9, "fine:paid", at(2000))})));
  must(store->append(request("a", any, {an_event(2, "fine:paid", at(1000))}))); // raised above the one before
  must(store->hydrate(std::span{&source, 1}));
  const auto appended = [](timestamp created) { return foreign(2, "a", created, "fine:paid"); };
  const auto changed = [&](auto change) {
    auto r = source;
    change(r);
    return r;
  };
  struct row {
    const char* name;
    record source;
    std::string_view different;
  };
  const row rows[] = {
    {"as it was", source, {}},
    {"another place", changed([](record& r) { r.revision = revision{1}, r.position = position{1}; }), {}},
    {"recorded at another time", changed([](record& r) { r.recorded = at(9999); }), {}},
    {"other marks", changed([](record& r) { r.hydrated = r.outdated = r.silent = true; }), {}},
    {"another batch", changed([](record& r) { r.batch = {}; }), {}},
    {"another counter", changed([](record& r) { r.created = at(1000, 4); }), {}},
    {"raised by an append", appended(at(1000)), {}},
    {"as it was raised", must(store->find(id(2))).value(), {}},
    {"later than what was appended", appended(at(2001)), "created at another time"},
    {"an earlier time", changed([](record& r) { r.created = at(999); }), "created at another time"},
    {"a later time", changed([](record& r) { r.created = at(1001); }), "created at another time"},
    {"another stream", changed([](record& r) { r.stream = stream("b"); }), "which is another stream than this one's"},
    {"another type", changed([](record& r) { r.type = "fine:sent"; }), "with another type"},
    {"another schema version", changed([](record& r) { r.schema_version = 2; }), "with another schema version"},
    {"other data", changed([](record& r) { r.data += ' '; }), "with other data or metadata"},
    {"other metadata", changed([](record& r) { r.meta = "1"; }), "with other data or metadata"},
    {"no metadata", changed([](record& r) { r.meta.clear(); }), "with other data or metadata"},
  };
  const auto before = read_all(*store);
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const std::vector records{source, row.source};
    hydrate_report expected{0, 2, position{}};
    const auto at = row.source.id == source.id ? " at revision 3, " : " at revision 2, ";
    if (!row.different.empty())
      expected.different.push_back(
        {1, "event " + row.source.id.str() + " is already stored, in stream 'a'" + at + std::string{row.different}});
    const auto told = must(store->hydrate(records));
    CHECK(told == expected);
    if (told.different.size() == 1 && !expected.different.empty())
      CHECK(told.different[0].message == expected.different[0].message);
    CHECK(read_all(*store) == before);
  }
}

SKALD_CONTRACT("hydrated, outdated and silent records are read and counted like any other") {
  fixture store{backend};
  auto silent = request("a", any, {an_event(1, "red", at(50))});
  silent.emit = false;
  must(store->append(silent));
  auto late_and_silent = foreign(2, "a", at(10), "red");
  late_and_silent.silent = true;
  must(store->hydrate(std::vector{late_and_silent, foreign(3, "a", at(60), "red")}));
  const auto all = read_all(*store);
  std::vector<std::string> marks;
  for (const auto& r : all)
    marks.push_back(std::string{r.hydrated ? "h" : ""} + (r.outdated ? "o" : "") + (r.silent ? "s" : ""));
  CHECK(marks == std::vector<std::string>{"s", "hos", "h"});
  CHECK(read_stream(*store, "a") == std::vector{all[1], all[0], all[2]});
  CHECK(read_all(*store, all_query{}.types({"red"})) == all);
  CHECK(must(store->revision_of(stream("a"))) == revision{3});
  CHECK(must(store->types()) == std::vector{type_summary{"red", 3}});
}
