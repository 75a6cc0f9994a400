#include <tests/store/contract.hpp>

#include <random>

using namespace skald;
using namespace skald::test;

SKALD_CONTRACT("whatever was written to it, a store is found sound, and all of it was looked at") {
  fixture<backend> store;
  CHECK(must(store->verify()).sound());
  std::mt19937 random{77};
  std::uint64_t events = 0;
  std::uint64_t next = 1;
  for (int round = 0; round < 60; ++round) {
    const auto name = "s" + std::to_string(random() % 7);
    if (random() % 4 == 0) {
      std::vector<record> records;
      for (auto i = random() % 5; i != 0; --i)
        records.push_back(foreign(next++, name, at(static_cast<std::int64_t>(random() % 1000))));
      events += must(store->hydrate(records)).written;
      continue;
    }
    auto r = request(name, any, some_events(next, random() % 4));
    next += r.streams.front().events.size();
    events += r.streams.front().events.size();
    r.emit = random() % 2 == 0;
    if (random() % 2 == 0) r.batch = batch_key{"batch"};
    if (random() % 2 == 0) r.command = command_id{"command " + std::to_string(round)};
    r.relations.push_back(relation_change::insert(relation_key{"k" + std::to_string(random() % 3)},
                                                  stream("related " + std::to_string(random() % 3))));
    must(store->append(r));
  }
  must(store->register_projection("p", std::nullopt));
  must(store->save(std::vector{checkpoint_update{"p", position{events - 2}, {{position{events}, "once:x"}}}}));
  for (int i = 0; i < 2; ++i) {
    const auto found = must(store->verify());
    for (const auto& p : found.problems) CHECK_MESSAGE(false, p.message);
    CHECK(found.sound());
    CHECK(found.records == events);
    CHECK(found.streams >= 7);
    if (backend::persistent) store.reopen();
  }
}

SKALD_CONTRACT("a checkpoint beyond the newest record is a problem") {
  fixture<backend> store;
  must(store->append(request("a", no_stream, some_events(1, 2))));
  must(store->register_projection("ahead", std::nullopt));
  must(store->save(std::vector{checkpoint_update{"ahead", position{3}, {}}}));
  const auto found = must(store->verify());
  REQUIRE(found.problem_count == 1);
  CHECK(found.problems.front().message ==
        "projection 'ahead' has handled position 3, the newest record is at position 2");
}
