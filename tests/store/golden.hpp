#pragma once

#include <tests/store/contract.hpp>

/// What the golden files under `tests/store/golden` hold: each version of the schema has the history of all versions up to
/// it. `docs/storage_format.md` tells how the file of a new version is made. What stands here never changes.
namespace skald::test {

/// What version 1 can hold.
inline void make_history_1(event_store& store, manual_clock& clock) {
  new_event paid{"fine:paid", R"({ "cents": 9007199254740993, "by": "Zoë 😀\u0000" })", id(2), at(7, 3)};
  paid.meta = R"({"who":"clerk"})";
  paid.schema_version = 3;
  must(store.append(request("fine-1", no_stream, {an_event(1, "fine:created"), paid})));
  clock.advance(std::chrono::hours{1});
  auto two = request("fine-2", no_stream, some_events(11, 3));
  two.streams.emplace_back(stream("größe'; --"), no_stream, some_events(21, 2));
  must(store.append(two));
  auto silent = request("fine-1", exactly(2), {an_event(3, "fine:closed")});
  silent.emit = false;
  must(store.append(silent));
  must(
    store.hydrate(std::vector{foreign(31, "fine-1", at(5), "fine:paid"), foreign(32, "archive", at(1), "old:kept")}));
  must(store.register_projection("mailer", position{2}));
  must(store.register_projection("table", std::nullopt));
  must(store.save(std::vector{checkpoint_update{"mailer", position{4}, {{position{6}, "once:fine:paid"}}},
                              checkpoint_update{"table", position{9}, {}}}));
}

/// What version 2 added.
inline void make_history_2(event_store& store, manual_clock& clock) {
  clock.advance(std::chrono::minutes{1});
  const relation_key open{"open fines"};
  const relation_key ada{"users/ada"};
  must(store.relate(
    std::vector{relation_change::insert(open, stream("fine-1")), relation_change::insert(open, stream("fine-2")),
                relation_change::insert(ada, stream("fine-1")), relation_change::remove(open, stream("fine-1")),
                relation_change::insert(ada, stream("not yet there"))}));
}

} // namespace skald::test
