#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace doctest {

template <>
struct StringMaker<stream_summary> {
  static String convert(const stream_summary& s) {
    return toString(s.stream) + " at " + toString(s.revision) + ", newest " + toString(s.newest);
  }
};

template <>
struct StringMaker<relation_summary> {
  static String convert(const relation_summary& r) {
    return (r.key.str() + " at " + std::to_string(r.revision.value) + " with " + std::to_string(r.streams)).c_str();
  }
};

template <>
struct StringMaker<type_summary> {
  static String convert(const type_summary& t) { return (t.type + ": " + std::to_string(t.events)).c_str(); }
};

} // namespace doctest

namespace {

relation_change keep(std::string key, std::string name) {
  return relation_change::insert(relation_key{std::move(key)}, stream(std::move(name)));
}

} // namespace

SKALD_CONTRACT("streams are listed by the bytes of their names, in pieces, each with its revision and newest event") {
  fixture store{backend};
  CHECK(must(store->streams("", 10)).empty());
  must(store->append(request("b", any, some_events(1, 2))));
  must(store->append(request("B", any, {an_event(3, "x", at(5, 7))})));
  must(store->append(request("\u00e9", any, {an_event(4, "x", at(9))})));
  must(store->append(request("a", any, {an_event(5, "x", at(9))})));
  must(store->hydrate(std::vector{foreign(6, "a", at(3))})); // late: not the newest
  const std::vector related{keep("key", "a stream without events")};
  must(store->relate(related));

  const auto all = must(store->streams("", 10));
  const auto newest_of_b = read_stream(*store, "b").back().created;
  CHECK(all == std::vector<stream_summary>{{stream("B"), revision{1}, at(5, 7)},
                                           {stream("a"), revision{2}, at(9)},
                                           {stream("b"), revision{2}, newest_of_b},
                                           {stream("\u00e9"), revision{1}, at(9)}});
  CHECK(must(store->streams("", 0)).empty());
  CHECK(must(store->streams("", 2)) == std::vector{all[0], all[1]});
  CHECK(must(store->streams("a", 2)) == std::vector{all[2], all[3]});
  CHECK(must(store->streams("aa", 1)) == std::vector{all[2]});
  CHECK(must(store->streams("\u00e9", 1)).empty());
}

SKALD_CONTRACT("relations are listed by the bytes of their keys, in pieces, those under which there are streams") {
  fixture store{backend};
  CHECK(must(store->relations("", 10)).empty());
  const std::vector changes{keep("y", "1"), keep("y", "2"), keep("x", "1"), keep("z", "3"), keep("gone", "1")};
  must(store->relate(changes));
  const std::vector removed{relation_change::remove_key(relation_key{"gone"})};
  must(store->relate(removed));

  const auto all = must(store->relations("", 10));
  CHECK(all == std::vector<relation_summary>{{relation_key{"x"}, revision{1}, 1},
                                             {relation_key{"y"}, revision{2}, 2},
                                             {relation_key{"z"}, revision{1}, 1}});
  CHECK(must(store->relations("", 0)).empty());
  CHECK(must(store->relations("", 1)) == std::vector{all[0]});
  CHECK(must(store->relations("x", 1)) == std::vector{all[1]});
  CHECK(must(store->relations("z", 1)).empty());
}

SKALD_CONTRACT("a list answers as many at once as the limit says, whatever is asked for, and goes on behind them") {
  fixture store{backend};
  append_request all;
  for (std::uint64_t n = 0; n <= limits::list_names; ++n) {
    const auto name = std::to_string(10'000 + n);
    all.streams.emplace_back(stream(name), no_stream, some_events(n, 1));
    all.relations.push_back(keep(name, "a"));
  }
  must(store->append(all));
  std::vector<snapshot> snapshots(limits::list_names + 1, folded(*store, snapshot_key{"r", stream("10000")}));
  for (std::size_t i = 0; i < snapshots.size(); ++i)
    snapshots[i].key = snapshot_key{std::to_string(10'000 + i), stream("10000")};
  must(store->save_snapshots(snapshots));

  for (const auto limit : {limits::list_names, limits::list_names + 1, SIZE_MAX}) {
    CAPTURE(limit);
    const auto streams = must(store->streams("", limit));
    REQUIRE(streams.size() == limits::list_names);
    CHECK(must(store->streams(streams.back().stream.str(), limit)).size() == 1);
    const auto relations = must(store->relations("", limit));
    REQUIRE(relations.size() == limits::list_names);
    CHECK(must(store->relations(relations.back().key.str(), limit)).size() == 1);
    const auto keys = must(store->snapshots({}, limit));
    REQUIRE(keys.size() == limits::list_names);
    CHECK((must(store->snapshots(keys.back(), limit)) == std::vector{snapshots.back().key}));
  }
}

SKALD_CONTRACT("event types are listed by the bytes of their names, each with the number of its events") {
  fixture store{backend};
  CHECK(must(store->types()).empty());
  must(store->append(request("a", any, {an_event(1, "red"), an_event(2, "blue"), an_event(3, "red")})));
  must(store->append(request("b", any, {an_event(4, "Blue"), an_event(5, "red")})));
  CHECK_FALSE(store->append(request("b", no_stream, {an_event(6, "never")})));
  CHECK(must(store->types()) == std::vector<type_summary>{{"Blue", 1}, {"blue", 1}, {"red", 3}});
}
