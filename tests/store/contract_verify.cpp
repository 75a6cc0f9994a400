#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>
#include <tests/store/sql.hpp>

#include <algorithm>
#include <random>

using namespace skald;
using namespace skald::test;

SKALD_CONTRACT("whatever was written to it, a store is found sound, and all of it was looked at") {
  fixture store{backend};
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
    if (backend.persistent) store.reopen();
  }
}

SKALD_CONTRACT("a checkpoint beyond the newest record is a problem") {
  fixture store{backend};
  must(store->append(request("a", no_stream, some_events(1, 2))));
  must(store->register_projection("ahead", std::nullopt));
  must(store->save(std::vector{checkpoint_update{"ahead", position{3}, {}}}));
  const auto found = must(store->verify());
  REQUIRE(found.problem_count == 1);
  CHECK(found.problems.front().message ==
        "projection 'ahead' has handled position 3, the newest record is at position 2");
}

namespace {

/// Two streams of three events each, relations, a projection and a command.
void write_little(event_store& store) {
  must(store.append(request("a", no_stream, some_events(1, 3))));
  auto other = request("b", no_stream, some_events(11, 3));
  other.command = command_id{"c"};
  must(store.append(other));
  must(store.relate(std::vector{relation_change::insert(relation_key{"k"}, stream("a"))}));
  must(store.register_projection("p", std::nullopt));
  must(store.save(std::vector{checkpoint_update{"p", position{2}, {{position{4}, "once:x"}}}}));
}

} // namespace

SKALD_PERSISTENT("verifying names what is wrong, and goes on to find all of it") {
  struct row {
    const char* name;
    const char* change;
    std::uint64_t problems; // at least
    const char* says;
    std::uint64_t at; // a position, where it is about one
  };
  const row rows[] = {
    {"a changed event", "UPDATE skald_events SET data = '{}' WHERE position = 2", 1,
     "the event at position 2, id 00000000-0000-8000-8000-000000000002, in stream 'a', is not what was written", 2},
    {"two changed events", "UPDATE skald_events SET meta = '{}' WHERE position IN (2, 5)", 2,
     "the event at position 5, id 00000000-0000-8000-8000-00000000000c, in stream 'b', is not what was written", 5},
    {"a renamed stream", "UPDATE skald_streams SET name = 'c' WHERE name = 'a'", 3, "in stream 'c', is not what", 1},
    {"a renamed type", "UPDATE skald_types SET name = 'x'", 6, "is not what was written", 6},
    {"a checksum that is gone", "UPDATE skald_events SET checksum = NULL WHERE position = 3", 1, "has no checksum", 3},
    {"an event that is gone", "DELETE FROM skald_events WHERE position = 2", 2, "position 2: nothing is there", 3},
    {"its stream notices, too", "DELETE FROM skald_events WHERE position = 2", 2,
     "the event at position 3 has revision 3, and there is none of revision 2", 3},
    {"the newest events are gone", "DELETE FROM skald_events WHERE position > 4", 1,
     "stream 'b' is said to be at revision 3, its last event has revision 1", 4},
    {"the same with their answer", "DELETE FROM skald_events WHERE position > 4", 2,
     "command 'c' was answered with position 6, the newest record is at position 4", 0},
    {"all events are gone", "DELETE FROM skald_events", 3, "projection 'p' has handled position 2", 0},
    {"a revision twice", "UPDATE skald_events SET revision = 1 WHERE position = 2", 2,
     "position 2 has revision 1, as has the one at position 1", 2},
    {"events that changed places", "UPDATE skald_events SET revision = 4 - revision WHERE stream = 1", 3,
     "lies before revision 1", 2},
    {"a wrong stream head", "UPDATE skald_streams SET revision = 9 WHERE name = 'a'", 1,
     "stream 'a' is said to be at revision 9, its last event has revision 3", 3},
    {"a wrong time of a stream", "UPDATE skald_streams SET newest = newest + 65536 WHERE name = 'a'", 1,
     "its newest event is said to be of", 0},
    {"an event without a stream", "DELETE FROM skald_streams WHERE name = 'b'", 3, "is in an unknown stream", 4},
    {"an event without a type", "DELETE FROM skald_types", 6, "is of an unknown type", 1},
    {"a relation without a key", "DELETE FROM skald_relation_keys", 1, "one of which is not there", 0},
    {"a relation key without a name", "UPDATE skald_relation_keys SET name = ''", 1,
     "a relation, key 1, has an impossible name", 0},
    {"a relation of a revision that cannot be", "UPDATE skald_relation_keys SET revision = -2", 1,
     "a relation, key 1, has the impossible revision -2", 0},
    {"a completion without a projection", "DELETE FROM skald_projections", 1,
     "handler 'once:x' is done with position 4 for projection 1, which is not there", 0},
    {"an impossible number", "UPDATE skald_events SET created = -7 WHERE position = 4", 1,
     "has an impossible time of creation", 4},
    {"an impossible batch key", "UPDATE skald_events SET batch = '' WHERE position = 4", 1,
     "has an impossible batch key", 4},
    {"an impossible stream name", "UPDATE skald_streams SET name = '' WHERE name = 'a'", 4, "has an impossible name",
     0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Backend one;
    const auto store = one.open({});
    write_little(*store);
    CHECK(must(store->verify()).sound());
    sql_of(one, row.change);
    const auto found = must(store->verify());
    CHECK(found.problem_count >= row.problems);
    CHECK(found.problems.size() == found.problem_count);
    const auto named = std::find_if(found.problems.begin(), found.problems.end(), [&](const problem& p) {
      return p.message.find(row.says) != std::string::npos && p.position == position{row.at};
    });
    CHECK(named != found.problems.end());
    if (named == found.problems.end())
      for (const auto& p : found.problems) MESSAGE(p.position.value, ": ", p.message);
  }
}

SKALD_PERSISTENT("of many problems the first are told and all are counted") {
  Backend one;
  const auto store = one.open({});
  must(store->append(request("a", no_stream, some_events(1, 500))));
  sql_of(one, "UPDATE skald_events SET data = '{}'");
  const auto found = must(store->verify());
  CHECK(found.records == 500);
  CHECK(found.problem_count == 500);
  REQUIRE(found.problems.size() == limits::problems);
  CHECK(found.problems.back().position == position{limits::problems});
}

SKALD_PERSISTENT("what was changed behind a store's back is corrupt where reads are verified") {
  struct row {
    const char* name;
    const char* change;
    bool in_all; // whether a read of all notices
    bool in_stream; // and one of the stream
  };
  const row rows[] = {
    {"a changed event", "UPDATE skald_events SET data = '{}' WHERE position = 2", true, true},
    {"no checksum", "UPDATE skald_events SET checksum = NULL WHERE position = 2", true, true},
    {"an event that is gone", "DELETE FROM skald_events WHERE position = 2", true, true},
    {"a changed revision of the stream", "UPDATE skald_streams SET revision = 4 WHERE name = 'a'", false, true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Backend one;
    store_options options;
    options.verify_reads = true;
    const auto store = one.open(options);
    write_little(*store);
    const streams_query related{std::vector{relation_key{"k"}}};
    CHECK(read_all(*store).size() == 6);
    CHECK(read_stream(*store, "a").size() == 3);
    CHECK(read_all(*store, related).size() == 3);
    sql_of(one, row.change);
    const auto wrong = [](bool expected) { return expected ? errc::corrupt : errc::none; };
    CHECK(code_of(store->read(all_query{})) == wrong(row.in_all));
    CHECK(code_of(store->read(all_query{}.backward())) == wrong(row.in_all));
    CHECK(code_of(store->read(stream_query{stream("a")})) == wrong(row.in_stream));
    CHECK(code_of(store->read(related)) == wrong(row.in_stream));
    CHECK(read_stream(*store, "b").size() == 3);
    CHECK(must(store->read(stream_query{stream("a")}.limit(1))).records.size() == 1);
  }
}

SKALD_PERSISTENT("events that are gone at either end are noticed where reads of all are verified") {
  for (const std::uint64_t gone : {1U, 6U}) {
    CAPTURE(gone);
    Backend one;
    write_little(*one.open({}));
    sql_of(one, "DELETE FROM skald_events WHERE position = " + std::to_string(gone));
    store_options options;
    options.verify_reads = true;
    const auto store = one.open(options);
    const auto lower = position{gone - 1};
    const auto upper = position{gone + 1};
    for (const auto& query : {all_query{}, all_query{}.backward(), all_query{}.after(lower).before(upper),
                              all_query{}.after(lower).before(upper).backward()})
      CHECK(code_of(store->read(query)) == errc::corrupt);
    CHECK(must(store->read(all_query{}.after(position{1}).before(position{6}))).records.size() == 4);
    CHECK(must(store->read(all_query{}.after(position{1}).before(position{6}).backward())).records.size() == 4);
    for (const auto end : {position{6}, position{7}, position{UINT64_MAX}})
      CHECK(must(store->read(all_query{}.after(end))).records.empty());
    CHECK(must(store->read(all_query{}.before(position{0}))).records.empty());
    CHECK(must(store->read(all_query{}.limit(0))).records.empty());
  }
}
