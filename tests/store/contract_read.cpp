#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>
#include <tests/store/model.hpp>

#include <algorithm>
#include <optional>
#include <random>
#include <thread>
#include <type_traits>

using namespace skald;
using namespace skald::test;

namespace {

/// Asks `store` for every combination of bounds, types, direction and limit. `same` is what the model is asked
/// instead, which knows no relations.
template <class Query, class Cursor = decltype(Query::cursor_of(record{}))>
void compare_with_model(const event_store& store, const Query& start,
                        const std::type_identity_t<std::vector<Cursor>>& cursors,
                        const std::optional<std::type_identity_t<Query>>& same = {}) {
  const auto all = read_all(store);
  using names = std::vector<std::string>;
  const std::optional<names> type_lists[] = {std::nullopt,
                                             names{},
                                             names{"red"},
                                             names{"red", "blue"},
                                             names{"blue", "blue", "unknown"},
                                             names{"unknown"},
                                             names{"red", "green", "blue"}};
  const std::optional<std::size_t> page_limits[] = {std::nullopt, 0, 1, 3, 1000};
  std::vector<std::optional<Cursor>> bounds{cursors.begin(), cursors.end()};
  bounds.emplace_back();
  std::size_t wrong = 0;
  for (const auto& after : bounds)
    for (const auto& before : bounds)
      for (const auto& types : type_lists)
        for (const auto& limit : page_limits)
          for (const bool backward : {false, true}) {
            const auto narrowed = [&](Query query) {
              if (after) query.after(*after);
              if (before) query.before(*before);
              if (types) query.types(*types);
              if (limit) query.limit(*limit);
              if (backward) query.backward();
              return query;
            };
            const auto expected = expected_page(all, narrowed(same.value_or(start)));
            const auto got = must(store.read(narrowed(start)));
            if (got.records == expected.records && got.more == expected.more) continue;
            if (++wrong > 3) continue; // three of them are enough to read
            CAPTURE(after);
            CAPTURE(before);
            CAPTURE(types);
            CAPTURE(limit);
            CAPTURE(backward);
            CHECK(got.records == expected.records);
            CHECK(got.more == expected.more);
          }
  CHECK(wrong == 0);
}

/// Three streams and three types, with equal times and ids that do not follow them.
struct colours : fixture {
  explicit colours(const backend_kind& backend) : fixture{backend} {
    const char* types[] = {"red", "green", "blue"};
    const char* streams[] = {"a", "b", "c"};
    std::vector<record> records;
    for (std::uint64_t i = 0; i < 24; ++i)
      records.push_back(foreign(i * 7 % 24 + 1, streams[i % 3 == 2 ? i % 2 : 0], at(static_cast<std::int64_t>(i / 3)),
                                types[i * i % 3]));
    std::shuffle(records.begin(), records.end(), std::mt19937{1});
    must((*this)->hydrate(records));
    must((*this)->append(request("c", no_stream, some_events(100, 3))));
  }
};

void append_many(fixture& store, std::uint64_t count) {
  std::vector<append_request> group;
  for (std::uint64_t i = 0; i < count; ++i)
    group.push_back(request(i % 2 == 0 ? "a" : "b", any, {an_event(i + 1, i == count - 2 ? "rare" : "common")}));
  for (const auto& answer : store->append(group)) REQUIRE(answer);
}

/// The positions of a page of `all`.
std::vector<std::uint64_t> positions(const page& read) {
  std::vector<std::uint64_t> numbers;
  for (const auto& r : read.records) numbers.push_back(r.position.value);
  return numbers;
}

using numbers = std::vector<std::uint64_t>;

} // namespace

namespace doctest {

template <>
struct StringMaker<stream_cursor> {
  static String convert(const stream_cursor& c) { return toString(c.created) + " " + toString(c.id); }
};

} // namespace doctest

SKALD_CONTRACT("bounds and limits choose what is read") { // C.40 to C.49
  fixture store{backend};
  must(store->append(request("a", no_stream, some_events(1, 10))));
  struct row {
    const char* name;
    all_query query;
    numbers expected;
  };
  const auto p = [](std::uint64_t number) { return position{number}; };
  const row rows[] = {
    {"C.40 all", all_query{}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
    {"C.41 lower bound", all_query{}.after(p(7)), {8, 9, 10}},
    {"C.42 upper bound", all_query{}.before(p(4)), {1, 2, 3}},
    {"C.43 limit", all_query{}.limit(4), {1, 2, 3, 4}},
    {"C.44 lower and upper bound", all_query{}.after(p(3)).before(p(7)), {4, 5, 6}},
    {"C.45 both with a limit", all_query{}.after(p(3)).before(p(9)).limit(2), {4, 5}},
    {"C.46 equal bounds", all_query{}.after(p(5)).before(p(5)), {}},
    {"C.46 bounds with one between", all_query{}.after(p(4)).before(p(6)), {5}},
    {"C.47 limit 1", all_query{}.limit(1), {1}},
    {"C.48 limit 0", all_query{}.limit(0), {}},
    {"C.49 inverted bounds", all_query{}.after(p(7)).before(p(3)), {}},
    {"C.51 backward with a limit", all_query{}.backward().limit(3), {10, 9, 8}},
    {"C.51 backward with bounds", all_query{}.backward().after(p(3)).before(p(7)), {6, 5, 4}},
    {"behind the end", all_query{}.after(p(10)), {}},
    {"behind all there can be", all_query{}.after(p(UINT64_MAX)), {}},
    {"before all there can be", all_query{}.after(p(9)).before(p(UINT64_MAX)), {10}},
    {"before the beginning", all_query{}.before(p(0)), {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto read = must(store->read(row.query));
    CHECK(positions(read) == row.expected);
    CHECK_FALSE(read.more);
  }
}

SKALD_CONTRACT("an unknown stream is empty and at revision 0") { // C.50
  fixture store{backend};
  must(store->append(request("a", no_stream, some_events(1, 2))));
  for (const auto* name : {"unknown", "$all", "A", "a "}) {
    CAPTURE(name);
    const auto read = must(store->read(stream_query{stream(name)}));
    CHECK(read.records.empty());
    CHECK_FALSE(read.more);
    CHECK(must(store->revision_of(stream(name))) == revision{});
  }
}

SKALD_CONTRACT("an empty store is empty in every way") {
  fixture store{backend};
  CHECK(read_all(*store).empty());
  CHECK(read_all(*store, all_query{}.backward()).empty());
  CHECK(read_stream(*store, "a").empty());
  CHECK(must(store->head()) == position{});
  CHECK_FALSE(must(store->find(id(1))));
}

SKALD_CONTRACT("backward is the exact reverse of forward") { // C.51
  colours store{backend};
  auto forward = read_stream(*store, "a");
  std::reverse(forward.begin(), forward.end());
  CHECK(read_all(*store, stream_query{stream("a")}.backward()) == forward);
  auto all = read_all(*store);
  std::reverse(all.begin(), all.end());
  CHECK(read_all(*store, all_query{}.backward()) == all);
  CHECK(must(store->read(stream_query{stream("a")}.backward().limit(1))).records == std::vector{forward.front()});
}

SKALD_CONTRACT("pages of every size give the same whole") { // C.52
  struct row {
    std::size_t events;
    std::vector<std::size_t> sizes;
  };
  for (const auto& row : {row{200, {1, 2, 3}}, row{2100, {999, 1000, 1001}}}) {
    CAPTURE(row.events);
    fixture store{backend};
    append_many(store, row.events);
    const auto in_pages = [&](auto query, std::size_t size) {
      std::vector<record> whole;
      for (;;) {
        const auto read = must(store->read(query.limit(size)));
        if (read.records.empty()) return whole;
        REQUIRE(read.records.size() <= size);
        whole.insert(whole.end(), read.records.begin(), read.records.end());
        query.resume_behind(read.records.back());
      }
    };
    const auto compare = [&](auto query) {
      const auto whole = read_all(*store, query);
      for (const auto size : row.sizes) {
        CAPTURE(size);
        CHECK((in_pages(query, size) == whole));
      }
      return whole.size();
    };
    CHECK(compare(all_query{}) == row.events);
    CHECK(compare(all_query{}.backward()) == row.events);
    CHECK(compare(stream_query{stream("a")}) == row.events / 2);
    CHECK(compare(stream_query{stream("a")}.backward()) == row.events / 2);
    CHECK(compare(all_query{}.types({"rare"})) == 1);
  }
}

SKALD_CONTRACT("a page ends at its number of records and says exactly whether there is more") {
  fixture store{backend};
  append_many(store, limits::page_records + 1);
  struct row {
    const char* name;
    all_query query;
    std::size_t records;
    bool more;
  };
  const row rows[] = {
    {"one more than a page", all_query{}, limits::page_records, true},
    {"one more, backward", all_query{}.backward(), limits::page_records, true},
    {"exactly a page", all_query{}.after(position{1}), limits::page_records, false},
    {"exactly a page, backward", all_query{}.backward().before(position{limits::page_records + 1}),
     limits::page_records, false},
    {"one less", all_query{}.after(position{2}), limits::page_records - 1, false},
    {"a limit of a page", all_query{}.limit(limits::page_records), limits::page_records, false},
    {"a limit beyond a page", all_query{}.limit(limits::page_records + 1), limits::page_records, true},
    {"more, but of another type", all_query{}.types({"common"}), limits::page_records, false},
    {"the rare one", all_query{}.types({"rare"}), 1, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto read = must(store->read(row.query));
    CHECK(read.records.size() == row.records);
    CHECK(read.more == row.more);
  }
}

SKALD_CONTRACT("a page ends behind the record that reaches its number of bytes") {
  fixture store{backend};
  const auto third = '"' + std::string(limits::page_bytes / 3, 'x') + '"';
  for (int i = 0; i < 7; ++i) {
    new_event made{"thing:happened", i % 2 == 0 ? third : "7"};
    if (i % 2 != 0) made.meta = third; // which counts as data does
    must(store->append(request("a", any, {made})));
  }
  const auto compare = [&](auto query) {
    auto read = must(store->read(query));
    CHECK(read.records.size() == 3);
    CHECK(read.more);
    CHECK_FALSE(must(store->read(query.limit(3))).more);
    query.limit(4).resume_behind(read.records.back());
    read = must(store->read(query));
    CHECK(read.records.size() == 3);
    CHECK(read.more);
    query.resume_behind(read.records.back());
    read = must(store->read(query));
    CHECK(read.records.size() == 1);
    CHECK_FALSE(read.more);
    CHECK(read_all(*store, query.limit(100)).size() == 1);
  };
  compare(all_query{});
  compare(all_query{}.backward());
  compare(stream_query{stream("a")});
  compare(stream_query{stream("a")}.backward());
  compare(streams_query{std::vector{stream("none"), stream("a")}});
  compare(streams_query{std::vector{stream("a"), stream("none")}}.backward());
}

SKALD_CONTRACT("many streams are read as one in pages of every size, by name and by key") { // C.52
  fixture store{backend};
  constexpr std::uint64_t streams = 1500;
  constexpr std::uint64_t events = 3 * streams;
  std::vector<append_request> group;
  std::vector<stream_id> names;
  for (std::uint64_t i = 0; i < events; ++i) {
    const auto name = stream("s" + std::to_string(i * 7 % streams));
    group.push_back({name, any, {an_event(1 + i, i % 5 == 0 ? "rare" : "common")}});
    group.back().relations = {relation_change::insert(relation_key{"half " + std::to_string(i % 2)}, name),
                              relation_change::insert(relation_key{"all"}, name)};
    if (names.size() < streams) names.push_back(name);
  }
  for (const auto& answer : store->append(group)) REQUIRE(answer);
  const auto compare = [&](streams_query query, const std::vector<record>& expected) {
    for (const std::size_t size : {7, 999, 1000, 5000}) {
      CAPTURE(size);
      auto rest = query;
      std::vector<record> whole;
      for (bool more = true; more;) {
        const auto read = must(store->read(rest.limit(size)));
        REQUIRE(read.records.size() <= std::min(size, limits::page_records));
        whole.insert(whole.end(), read.records.begin(), read.records.end());
        more = !read.records.empty();
        if (more) rest.resume_behind(read.records.back());
        if (size < 10 && whole.size() > 200) break; // each page looks into every stream
      }
      if (size >= 10)
        CHECK((whole == expected));
      else
        CHECK(std::equal(whole.begin(), whole.end(), expected.begin()));
    }
  };
  auto all = read_all(*store); // in the order of creation, too
  REQUIRE(all.size() == events);
  const std::vector both{relation_key{"half 0"}, relation_key{"half 1"}};
  compare(streams_query{names}, all);
  compare(streams_query{both}, all);
  compare(streams_query{names}.types({"rare"}), read_all(*store, all_query{}.types({"rare"})));
  std::reverse(all.begin(), all.end());
  compare(streams_query{std::vector{relation_key{"all"}}}.backward(), all);
}

SKALD_CONTRACT("a page is small however much there is to read") {
  fixture store{backend};
  append_many(store, 3 * limits::page_records);
  const auto large = '"' + std::string(limits::page_bytes / 2 + 1, 'x') + '"';
  for (int i = 0; i < 5; ++i) must(store->append(request("a", any, {{"large", large}})));
  const auto check = [&](auto query) {
    std::size_t records = 0;
    for (bool more = true; more;) {
      const auto read = must(store->read(query));
      std::size_t bytes = 0;
      for (const auto& r : read.records) bytes += r.data.size() + r.meta.size();
      REQUIRE(read.records.size() <= limits::page_records);
      REQUIRE(bytes < limits::page_bytes + limits::event_bytes);
      REQUIRE_FALSE(read.records.empty());
      records += read.records.size();
      more = read.more;
      query.resume_behind(read.records.back());
    }
    return records;
  };
  CHECK(check(all_query{}) == 3 * limits::page_records + 5);
  CHECK(check(all_query{}.backward()) == 3 * limits::page_records + 5);
  CHECK(check(streams_query{std::vector{stream("a"), stream("b")}}) == 3 * limits::page_records + 5);
  CHECK(check(stream_query{stream("a")}) == 3 * limits::page_records / 2 + 5);
}

SKALD_CONTRACT("every combination of types, bounds, limit and direction agrees with a model: all") { // C.53
  colours store{backend};
  std::vector<position> cursors;
  for (const std::uint64_t number : {0, 1, 5, 13, 26, 27, 28}) cursors.emplace_back(number);
  cursors.emplace_back(UINT64_MAX);
  compare_with_model(*store, all_query{}, cursors);
}

SKALD_CONTRACT("every combination of types, bounds, limit and direction agrees with a model: streams") { // C.53
  colours store{backend};
  const auto in_stream = read_stream(*store, "a");
  REQUIRE(in_stream.size() == 20);
  const std::vector<stream_cursor> cursors{
    {},
    {in_stream[0].created, in_stream[0].id},
    {in_stream[4].created, in_stream[4].id},
    {in_stream[4].created, {}}, // between two records
    {in_stream[11].created, id(999)},
    {in_stream[19].created, in_stream[19].id},
    {timestamp::max(), id(1)},
    {timestamp{UINT64_MAX}, id(1)},
  };
  compare_with_model(*store, stream_query{stream("a")}, cursors);
  compare_with_model(*store, stream_query{stream("b")}, {cursors[2], cursors[4]});
  compare_with_model(*store, stream_query{stream("unknown")}, {cursors[2]});
  compare_with_model(*store, streams_query{std::vector{stream("a"), stream("b")}},
                     {cursors[1], cursors[3], cursors[5], cursors[7]});
  compare_with_model(*store, streams_query{std::vector{stream("c"), stream("unknown"), stream("b"), stream("c")}},
                     {cursors[2], cursors[4]});
}

SKALD_CONTRACT("every combination of types, bounds, limit and direction agrees with a model: keys") { // C.53
  colours store{backend};
  const auto all = read_all(*store);
  const relation_key two{"two"};
  const relation_key others{"others"};
  const std::vector changes{relation_change::insert(two, stream("a")), relation_change::insert(two, stream("b")),
                            relation_change::insert(others, stream("b")), relation_change::insert(others, stream("c")),
                            relation_change::insert(others, stream("without events"))};
  must(store->relate(changes));
  const auto in_stream = read_stream(*store, "b");
  const std::vector<stream_cursor> cursors{{in_stream[1].created, in_stream[1].id}, {in_stream[2].created, id(999)}};
  const auto names = [](const char* first, const char* second) {
    return streams_query{std::vector{stream(first), stream(second)}};
  };
  compare_with_model(*store, streams_query{std::vector{two}}, cursors, names("a", "b"));
  compare_with_model(*store, streams_query{std::vector{others, relation_key{"unknown"}, others}}, cursors,
                     names("b", "c"));
  CHECK(read_all(*store, streams_query{std::vector{others, two}}).size() == all.size());
}

SKALD_CONTRACT("ids at both ends of their order are read in it, and are bounds like any other") { // C.53
  const auto bytes = [](std::uint8_t first, std::uint8_t between, std::uint8_t last) {
    event_id::bytes_type made;
    made.fill(between);
    made.front() = first;
    made.back() = last;
    return event_id{made};
  };
  const event_id ids[] = {bytes(0, 0, 1),          bytes(0, 0, 2),          bytes(0x80, 0, 0),       bytes(0x80, 0, 1),
                          bytes(0xff, 0xff, 0xfe), bytes(0xff, 0xff, 0xff), bytes(0x7f, 0xff, 0xff), bytes(0xff, 0, 0)};
  fixture store{backend};
  std::vector<record> records;
  for (const auto& id : ids) {
    const bool even = records.size() % 2 == 0;
    records.push_back(foreign(1, "a", even ? timestamp{1} : at(5), even ? "red" : "blue"));
    records.back().id = id;
  }
  must(store->hydrate(records));
  std::vector<stream_cursor> cursors;
  for (const auto created : {timestamp{}, timestamp{1}, timestamp{2}, at(5)})
    for (const auto& id : {event_id{}, bytes(0x80, 0, 0), bytes(0xff, 0xff, 0xff)}) cursors.push_back({created, id});
  compare_with_model(*store, stream_query{stream("a")}, {cursors[0], cursors[2], cursors[3], cursors[5], cursors[10]});
  compare_with_model(*store, streams_query{std::vector{stream("a"), stream("b")}},
                     {cursors[4], cursors[6], cursors[9], cursors[11]});
  for (const auto& id : ids) CHECK(must(store->find(id))->id == id);
}

SKALD_CONTRACT("bounds may be of events that are elsewhere or nowhere, and lie in any order") { // C.53
  fixture store{backend};
  must(store->hydrate(std::vector{foreign(1, "a", at(10)), foreign(2, "b", at(20)), foreign(3, "a", at(30)),
                                  foreign(4, "b", at(40)), foreign(5, "a", at(50))}));
  struct row {
    const char* name;
    std::optional<stream_cursor> after;
    std::optional<stream_cursor> before;
    numbers expected;
  };
  const row rows[] = {
    {"behind an event of another stream", stream_cursor{at(20), id(2)}, {}, {3, 5}},
    {"before an event of another stream", {}, stream_cursor{at(40), id(4)}, {1, 3}},
    {"behind an id that is nowhere", stream_cursor{at(10), id(77)}, {}, {3, 5}},
    {"behind one that would stand in front of the event", stream_cursor{at(30), {}}, {}, {3, 5}},
    {"before one that would stand behind the event", {}, stream_cursor{at(30), id(77)}, {1, 3}},
    {"the same bound on both sides", stream_cursor{at(30), id(3)}, stream_cursor{at(30), id(3)}, {}},
    {"just one between", stream_cursor{at(10), id(1)}, stream_cursor{at(50), id(5)}, {3}},
    {"bounds around one event", stream_cursor{at(30), id(2)}, stream_cursor{at(30), id(4)}, {3}},
    {"inverted bounds", stream_cursor{at(50), id(5)}, stream_cursor{at(10), id(1)}, {}},
    {"behind the last", stream_cursor{at(50), id(5)}, {}, {}},
    {"before the first", {}, stream_cursor{at(10), id(1)}, {}},
    {"before time begins", {}, stream_cursor{}, {}},
    {"from the beginning of time", stream_cursor{}, {}, {1, 3, 5}},
  };
  must(store->relate(std::vector{relation_change::insert(relation_key{"k"}, stream("a"))}));
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto read = [&](auto query) {
      if (row.after) query.after(*row.after);
      if (row.before) query.before(*row.before);
      auto forward = positions(must(store->read(query)));
      auto backward = positions(must(store->read(query.backward())));
      std::ranges::reverse(backward);
      CHECK(backward == forward);
      return forward;
    };
    CHECK(read(stream_query{stream("a")}) == row.expected);
    CHECK(read(streams_query{std::vector{stream("a")}}) == row.expected);
    CHECK(read(streams_query{std::vector{relation_key{"k"}}}) == row.expected);
  }
}

SKALD_CONTRACT("a limit is kept over pages, and the largest is none") {
  fixture store{backend};
  append_many(store, limits::page_records + 100);
  must(store->relate(std::vector{relation_change::insert(relation_key{"k"}, stream("a")),
                                 relation_change::insert(relation_key{"k"}, stream("b"))}));
  const auto whole = read_all(*store);
  const auto check = [&](const auto& query) {
    for (const std::size_t limit :
         {std::size_t{0}, limits::page_records - 1, limits::page_records, limits::page_records + 1, whole.size() - 1,
          whole.size(), whole.size() + 1, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX}) {
      CAPTURE(limit);
      auto narrowed = query;
      const auto expected = std::min(limit, whole.size());
      CHECK(read_all(*store, narrowed.limit(limit)).size() == expected);
      const auto first = must(store->read(narrowed));
      CHECK(first.records.size() == std::min(expected, limits::page_records));
      CHECK(first.more == (expected > limits::page_records));
    }
    auto reversed = query;
    auto backward = read_all(*store, reversed.backward().limit(SIZE_MAX));
    std::ranges::reverse(backward);
    CHECK((backward == whole));
  };
  check(all_query{});
  check(streams_query{std::vector{stream("a"), stream("b")}});
  check(streams_query{std::vector{relation_key{"k"}}});
  check(all_query{}.types({"common", "rare", "unknown"}));
}

SKALD_CONTRACT("a page goes on from its cursor, whatever came in front of it or behind it meanwhile") { // C.54
  fixture store{backend};
  must(store->hydrate(
    std::vector{foreign(1, "a", at(10)), foreign(2, "b", at(20)), foreign(3, "a", at(30)), foreign(4, "b", at(40))}));
  const relation_key k{"k"};
  must(store->relate(std::vector{relation_change::insert(k, stream("a")), relation_change::insert(k, stream("b"))}));
  const auto ids = [](const std::vector<record>& records) {
    std::vector<event_id> all;
    for (const auto& r : records) all.push_back(r.id);
    return all;
  };
  auto forward = streams_query{std::vector{k}};
  auto backward = forward;
  const auto first = must(store->read(forward.limit(2))).records;
  const auto last = must(store->read(backward.backward().limit(2))).records;
  REQUIRE(ids(first) == std::vector{id(1), id(2)});
  REQUIRE(ids(last) == std::vector{id(4), id(3)});
  must(store->hydrate(std::vector{foreign(11, "a", at(5)), foreign(12, "b", at(20)), foreign(13, "a", at(35)),
                                  foreign(14, "b", at(50)), foreign(15, "c", at(36))}));
  must(store->relate(std::vector{relation_change::insert(k, stream("c"))}));
  CHECK(ids(read_all(*store, forward.limit(100).resume_behind(first.back()))) ==
        std::vector{id(12), id(3), id(13), id(15), id(4), id(14)});
  CHECK(ids(read_all(*store, backward.limit(100).resume_behind(last.back()))) ==
        std::vector{id(12), id(2), id(1), id(11)});
  must(store->relate(std::vector{relation_change::remove(k, stream("b"))}));
  CHECK(ids(read_all(*store, forward)) == std::vector{id(3), id(13), id(15)});
  CHECK(ids(read_all(*store, all_query{}.after(first.back().position))) == // in the order of arrival
        std::vector{id(3), id(4), id(11), id(12), id(13), id(14), id(15)});
}

SKALD_CONTRACT("a page may hold as many event types as records") {
  fixture store{backend};
  std::vector<new_event> made;
  for (std::uint64_t i = 0; i < limits::page_records; ++i) made.push_back(an_event(i + 1, "type " + std::to_string(i)));
  must(store->append(request("a", no_stream, made)));
  const auto as_made = [&](const std::vector<record>& records) {
    return std::ranges::equal(records, made, {}, &record::type, &new_event::type);
  };
  if (backend.persistent) store.reopen(); // what the writer knows does not help
  CHECK(as_made(must(store->read(all_query{})).records));
  CHECK(as_made(must(store->read(stream_query{stream("a")})).records));
  CHECK(must(store->types()).size() == made.size());
}

SKALD_CONTRACT("the same records read the same whatever the order of their arrival") { // C.53
  std::vector<record> records;
  for (std::uint64_t i = 0; i < 40; ++i)
    records.push_back(foreign(i * 17 % 40 + 1, i % 4 == 0 ? "b" : "a", at(static_cast<std::int64_t>(i / 5))));
  const auto without_arrival = [](std::vector<record> all) {
    for (auto& r : all) {
      r.position = {};
      r.revision = {};
      r.recorded = {};
      r.outdated = false;
    }
    return all;
  };
  std::vector<record> first;
  for (unsigned seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    fixture store{backend};
    std::shuffle(records.begin(), records.end(), std::mt19937{seed});
    const auto half = records.begin() + static_cast<std::ptrdiff_t>(records.size() / 2);
    must(store->hydrate({records.begin(), half}));
    must(store->hydrate({half, records.end()}));
    const auto got = without_arrival(read_stream(*store, "a"));
    if (first.empty()) first = got;
    CHECK(got == first);
    CHECK(got.size() == 30);
    CHECK(std::is_sorted(got.begin(), got.end(), [](const record& a, const record& b) {
      return stream_query::cursor_of(a) < stream_query::cursor_of(b);
    }));
  }
}

SKALD_CONTRACT("all is read in the order of positions, from any of them") { // C.54
  colours store{backend};
  const auto all = read_all(*store);
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i].position == position{i + 1});
    const auto rest = read_all(*store, all_query{}.after(all[i].position));
    CHECK(rest == std::vector(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()));
  }
}

SKALD_CONTRACT("a reader that follows four writers misses nothing and repeats nothing") { // C.54
  fixture store{backend};
  bool filtered = false;
  SUBCASE("everything") {}
  SUBCASE("by all types, where each request brings a new one") { filtered = true; }
  constexpr std::uint64_t writers = 4;
  constexpr std::uint64_t each = 150;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < each; i += 3) {
        auto made = some_events(w * 1000 + i, 3);
        made.front().type = "type " + std::to_string(w * 1000 + i);
        if (!store->append(request("s" + std::to_string(w), any, made))) ++failed;
      }
    });
  std::vector<std::string> types{"thing:happened"};
  for (std::uint64_t w = 0; w < writers; ++w)
    for (std::uint64_t i = 0; i < each; i += 3) types.push_back("type " + std::to_string(w * 1000 + i));
  std::vector<record> followed;
  for (position seen{}; seen < position{writers * each} && failed == 0;) {
    auto query = all_query{}.after(seen).limit(7);
    if (filtered) query.types(types);
    const auto read = store->read(query);
    if (!read) break;
    followed.insert(followed.end(), read->records.begin(), read->records.end());
    if (!followed.empty()) seen = followed.back().position;
  }
  for (auto& thread : threads) thread.join();
  CHECK(failed == 0);
  REQUIRE(followed.size() == writers * each);
  for (std::size_t i = 0; i < followed.size(); ++i) REQUIRE(followed[i].position == position{i + 1});
  CHECK(followed == read_all(*store));
  for (std::uint64_t w = 0; w < writers; ++w) {
    std::uint64_t next = w * 1000;
    for (const auto& r : followed)
      if (r.stream == stream("s" + std::to_string(w))) REQUIRE(r.data == number_json(next++));
  }
}

SKALD_CONTRACT("a reader that follows several streams under four writers misses nothing and repeats nothing") { // C.54
  fixture store{backend};
  constexpr std::uint64_t writers = 4;
  constexpr std::uint64_t each = 120;
  constexpr std::uint64_t streams = 20;
  std::vector<stream_id> names;
  std::vector<relation_change> changes;
  for (std::uint64_t i = 0; i < streams; ++i) {
    names.push_back(stream("s" + std::to_string(i)));
    changes.push_back(relation_change::insert(relation_key{"all"}, names.back()));
  }
  must(store->relate(changes));
  streams_query query{names};
  SUBCASE("by their names") {}
  SUBCASE("by the key they are kept under") { query = streams_query{std::vector{relation_key{"all"}}}; }
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < each; ++i)
        if (!store->append(request("s" + std::to_string(i * 3 % streams), any, {an_event(w * 1000 + i)}))) ++failed;
    });
  std::vector<record> followed;
  while (followed.size() < writers * each && failed == 0) {
    const auto read = store->read(query.limit(9));
    if (!read) break;
    followed.insert(followed.end(), read->records.begin(), read->records.end());
    if (!followed.empty()) query.resume_behind(followed.back());
  }
  for (auto& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK((followed == read_all(*store))); // without times of their own, events are created in the order of commits
}

SKALD_CONTRACT("a stream is read whole while others append to it and to its neighbours") { // C.54
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 500))));
  std::atomic<bool> enough = false;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t w = 1; w <= 3; ++w)
    threads.emplace_back([&, w] {
      for (std::uint64_t i = 0; !enough && i < 20'000; ++i)
        if (!store->append(request(w == 1 ? "a" : "b", any, {an_event(w * 100'000 + i)}))) ++failed;
    });
  for (int round = 0; round < 5; ++round) {
    const auto seen = must(store->revision_of(stream("a")));
    const auto forward = [&] {
      std::vector<record> records;
      for (auto query = stream_query{stream("a")}.limit(40); records.size() < seen.value;) {
        const auto read = must(store->read(query));
        records.insert(records.end(), read.records.begin(), read.records.end());
        query.resume_behind(records.back());
      }
      return records;
    }();
    for (std::size_t i = 0; i < forward.size(); ++i) REQUIRE(forward[i].revision == revision{i + 1});
    auto query = stream_query{stream("a")}.backward().limit(40);
    std::vector<record> backward;
    for (bool more = true; more;) {
      const auto read = must(store->read(query));
      backward.insert(backward.end(), read.records.begin(), read.records.end());
      more = backward.back().revision != revision{1};
      query.resume_behind(backward.back());
    }
    CHECK(backward.size() >= seen.value);
    for (std::size_t i = 0; i < backward.size(); ++i) REQUIRE(backward[i].revision == revision{backward.size() - i});
  }
  enough = true;
  for (auto& thread : threads) thread.join();
  CHECK(failed == 0);
}

SKALD_CONTRACT("a record is found by its id, field by field as it was pushed") { // C.55
  fixture store{backend};
  auto pushed = an_event(1, "fine:paid", at(123'456, 7));
  pushed.schema_version = 3;
  pushed.meta = R"({"by":"me"})";
  auto quiet = request("fine-1", no_stream, {pushed});
  quiet.emit = false;
  must(store->append(request("other", no_stream, {an_event(9)})));
  must(store->append(quiet));
  const auto found = must(store->find(id(1)));
  REQUIRE(found);
  CHECK(found->id == id(1));
  CHECK(found->stream == stream("fine-1"));
  CHECK(found->revision == revision{1});
  CHECK(found->position == position{2});
  CHECK(found->type == "fine:paid");
  CHECK(found->schema_version == 3);
  CHECK(found->data == pushed.data);
  CHECK(found->meta == pushed.meta);
  CHECK(found->created == at(123'456, 7));
  CHECK(found->recorded.time() == store.clock.time());
  CHECK_FALSE(found->hydrated);
  CHECK_FALSE(found->outdated);
  CHECK(found->silent);
  CHECK(must(store->read(stream_query{stream("fine-1")})).records == std::vector{*found});
  CHECK(must(store->read(all_query{}.after(position{1}))).records == std::vector{*found});
  CHECK_FALSE(must(store->find(id(2))));
  CHECK_FALSE(must(store->find(event_id{})));
}

SKALD_CONTRACT("an acknowledged append is visible to every reader at once") { // C.57
  fixture store{backend};
  constexpr std::uint64_t appends = 100;
  std::atomic<std::uint64_t> acknowledged = 0;
  std::atomic<int> stale = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      for (;;) {
        const auto known = acknowledged.load();
        const auto head = store->head();
        const auto at_revision = store->revision_of(stream("a"));
        const auto newest = store->read(stream_query{stream("a")}.backward().limit(1));
        const bool fine = head && head->value >= known && at_revision && at_revision->value >= known && newest &&
                          (known == 0 || newest->records.front().revision.value >= known) &&
                          (known == 0 || store->find(id(known)).value());
        if (!fine) ++stale;
        if (!fine || known == appends) return;
      }
    });
  for (std::uint64_t n = 1; n <= appends; ++n) {
    must(store->append(request("a", any, {an_event(n)})));
    acknowledged = n;
  }
  for (auto& thread : readers) thread.join();
  CHECK(stale == 0);
}

SKALD_CONTRACT("an empty list of types reads nothing") {
  colours store{backend};
  CHECK(read_all(*store, all_query{}.types({})).empty());
  CHECK(read_all(*store, stream_query{stream("a")}.types({})).empty());
  CHECK(read_all(*store, streams_query{std::vector{stream("a")}}.types({})).empty());
}

SKALD_CONTRACT("names of types and streams are values, whatever their characters") {
  fixture store{backend};
  const std::string names[] = {"a", "A", "a'b", "a\"b", "a%", "a_", "[1]", "1", "ä", "a\\", "a ", " a"};
  std::uint64_t n = 0;
  for (const auto& name : names) must(store->append(request(name, no_stream, {an_event(++n, name)})));
  n = 0;
  for (const auto& name : names) {
    CAPTURE(name);
    const numbers expected{++n};
    CHECK(positions(must(store->read(all_query{}.types({name})))) == expected);
    CHECK(positions(must(store->read(stream_query{stream(name)}))) == expected);
  }
}
