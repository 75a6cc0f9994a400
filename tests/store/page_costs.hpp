#pragma once

#include <tests/store/contract.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// A store of any size, and questions of which each wants only a little of it.
namespace skald::test {

/// Three streams, two of them under a key, and three types.
inline void fill_to(event_store& store, std::uint64_t events) {
  std::vector<append_request> group;
  for (std::uint64_t i = 0; i < events; ++i)
    group.push_back(request(std::string{"abc"[i * i % 3]}, any,
                            {an_event(i, "type " + std::to_string(i % 3), at(static_cast<std::int64_t>(i)))}));
  group.front().relations = {relation_change::insert(relation_key{"k"}, stream("a")),
                             relation_change::insert(relation_key{"k"}, stream("b"))};
  for (const auto& answer : store.append(group)) REQUIRE(answer);
}

/// Everything that can be asked of a store that was filled so: ten records from its middle where they come as pages.
inline void ask_everything(const event_store& store, std::uint64_t events) {
  const auto middle = events / 2;
  const auto created = at(static_cast<std::int64_t>(middle));
  for (const bool of_types : {false, true})
    for (const bool backward : {false, true}) {
      const auto read = [&](auto query) {
        if (of_types) query.types({"type 0", "type 1", "type 2"});
        if (backward) query.backward();
        CHECK(must(store.read(query.limit(10))).records.size() == 10);
      };
      for (const auto& cursor : {stream_cursor{created, {}}, stream_cursor{created, id(middle)}}) {
        read(stream_query{stream("a")}.after(cursor));
        read(stream_query{stream("a")}.before(cursor));
        read(streams_query{std::vector{stream("a"), stream("b"), stream("c")}}.after(cursor));
        read(streams_query{std::vector{relation_key{"k"}}}.before(cursor));
      }
      read(all_query{}.after(position{middle}));
      read(all_query{}.before(position{middle}));
    }
  CHECK(must(store.head()) == position{events});
  CHECK(must(store.find(id(7))));
  CHECK(must(store.revision_of(stream("a"))) != revision{});
  CHECK(must(store.status(foreign(9'999'999, "a", at(1), "type 0"))).outdated);
  CHECK(must(store.streams("a", 1)).size() == 1);
  CHECK(must(store.relations("a", 1)).size() == 1);
  CHECK(must(store.keys_of(stream("a"))).size() == 1);
  CHECK(must(store.related(relation_key{"k"})).streams.size() == 2);
}

} // namespace skald::test
