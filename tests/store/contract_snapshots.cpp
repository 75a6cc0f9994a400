#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <string>

using namespace skald;
using namespace skald::test;

namespace {

const relation_key posts{"posts"};

snapshot_key of_stream(std::string name, std::string reducer = "totals") {
  return {std::move(reducer), stream(std::move(name))};
}
snapshot_key of_relation(const relation_key& key = posts) { return {"totals", key}; }

result<void> save(event_store& store, std::vector<snapshot> snapshots) { return store.save_snapshots(snapshots); }

/// Whether there is a snapshot that holds; a missing one is the test's mistake.
bool holds(const event_store& store, const snapshot_key& key) {
  const auto found = must(store.load_snapshot(key));
  REQUIRE(found);
  return found->holds;
}

result<void> relate(event_store& store, std::vector<relation_change> changes) { return store.relate(changes); }

} // namespace

SKALD_CONTRACT("a snapshot is found by its reducer and its stream or relation, as it was saved, also after a restart") {
  fixture store{backend};
  must(store->append(request("posts", any, some_events(1, 3)))); // a stream with the name of the relation
  must(store->append(request("a", any, some_events(4, 2))));
  must(relate(*store, {relation_change::insert(posts, stream("a")), relation_change::insert(posts, stream("posts"))}));
  auto other_reducer = folded(*store, of_stream("posts", "counts"));
  other_reducer.fingerprint = std::string(500, 'f');
  other_reducer.state = R"({"names":["Ada","\u0000",null],"sum":1.10})";
  const std::vector all{folded(*store, of_stream("posts")), folded(*store, of_stream("a")),
                        folded(*store, of_relation()), other_reducer};
  must(store->save_snapshots(all));
  for (int start = 0; start < (backend.persistent ? 2 : 1); ++start) {
    if (start != 0) store.reopen();
    for (const auto& s : all) {
      const auto found = must(store->load_snapshot(s.key));
      REQUIRE(found);
      CHECK((found->snapshot == s));
      CHECK(found->holds);
    }
    CHECK_FALSE(must(store->load_snapshot(of_stream("b"))));
    CHECK_FALSE(must(store->load_snapshot(of_stream("a", "counts"))));
    CHECK_FALSE(must(store->load_snapshot(of_relation(relation_key{"a"}))));
  }
}

SKALD_CONTRACT("a second snapshot replaces the first, of its key only") { // E.112
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 2))));
  must(store->append(request("b", any, some_events(3, 2))));
  must(save(*store, {folded(*store, of_stream("a")), folded(*store, of_stream("b"))}));
  must(store->append(request("a", any, some_events(5, 1))));
  must(save(*store, {folded(*store, of_stream("a"))}));
  CHECK(must(store->load_snapshot(of_stream("a")))->snapshot.records == 3);
  CHECK(must(store->load_snapshot(of_stream("b")))->snapshot.records == 2);
}

SKALD_CONTRACT("snapshots are listed by reducer, streams before relations, and name, in pieces") {
  fixture store{backend};
  CHECK(must(store->snapshots({}, 10)).empty());
  must(store->append(request("a", any, some_events(1, 2))));
  must(store->append(request("\u00e9", any, some_events(3, 2))));
  must(relate(*store, {relation_change::insert(posts, stream("a"))}));
  std::vector<snapshot> all{folded(*store, of_stream("a")), folded(*store, of_stream("\u00e9")),
                            folded(*store, of_relation())};
  auto other = all[0];
  other.key = snapshot_key{"zebra", stream("a")};
  all.push_back(other);
  must(save(*store, {all[3], all[2], all[1], all[0]}));
  REQUIRE(all[0].key.reducer() < "zebra");

  std::vector<snapshot_key> keys;
  for (const auto& s : all) keys.push_back(s.key);
  CHECK((must(store->snapshots({}, 10)) == keys));
  CHECK(must(store->snapshots({}, 0)).empty());
  CHECK((must(store->snapshots({}, 2)) == std::vector{keys[0], keys[1]}));
  CHECK((must(store->snapshots(keys[0], 2)) == std::vector{keys[1], keys[2]}));
  CHECK((must(store->snapshots(keys[1], 9)) == std::vector{keys[2], keys[3]}));
  CHECK(must(store->snapshots(keys[3], 9)).empty());
}

SKALD_CONTRACT("a snapshot is removed, of its key only, and one that is not there is nothing to remove") {
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 2))));
  must(store->append(request("b", any, some_events(3, 2))));
  must(relate(*store, {relation_change::insert(posts, stream("a"))}));
  must(save(*store, {folded(*store, of_stream("a")), folded(*store, of_stream("b")), folded(*store, of_relation())}));
  for (int i = 0; i < 2; ++i) {
    must(store->remove_snapshot(of_stream("a")));
    CHECK_FALSE(must(store->load_snapshot(of_stream("a"))));
  }
  must(store->remove_snapshot(of_relation(relation_key{"unknown"})));
  must(store->remove_snapshot(of_stream("unknown")));
  CHECK(must(store->load_snapshot(of_stream("b"))));
  must(store->remove_snapshot(of_relation()));
  CHECK_FALSE(must(store->load_snapshot(of_relation())));
  CHECK(must(store->load_snapshot(of_stream("b"))));
}

SKALD_CONTRACT("a snapshot holds until a record of any type sorts before its cursor") { // E.114
  struct row {
    const char* name;
    const char* stream;
    timestamp created;
    std::uint64_t id;
    const char* type;
    bool holds;
  };
  const row rows[] = {
    {"behind", "a", at(31), 90, "thing:happened", true},
    {"before all", "a", at(1), 90, "thing:happened", false},
    {"between", "a", at(15), 90, "thing:happened", false},
    {"of another type", "a", at(15), 90, "other", false},
    {"just before the last by its id", "a", at(30), 1, "other", false},
    {"just behind the last by its id", "a", at(30), 90, "other", true},
    {"in another stream", "b", at(1), 90, "thing:happened", true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    fixture store{backend};
    must(store->hydrate(std::vector{foreign(11, "a", at(10)), foreign(12, "a", at(20)), foreign(13, "a", at(30)),
                                    foreign(2, "b", at(5))}));
    must(save(*store, {folded(*store, of_stream("a"))}));
    must(store->hydrate(std::vector{foreign(row.id, row.stream, row.created, row.type)}));
    CHECK(holds(*store, of_stream("a")) == row.holds);
    must(store->append(request("a", any, some_events(200, 10)))); // which sort behind all
    CHECK(holds(*store, of_stream("a")) == row.holds);
    must(save(*store, {folded(*store, of_stream("a"))}));
    CHECK(holds(*store, of_stream("a")));
  }
}

SKALD_CONTRACT("a snapshot of a fold that a late record had overtaken before it was saved does not hold") {
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 5))));
  const auto early = folded(*store, of_stream("a"));
  must(store->hydrate(std::vector{foreign(90, "a", at(1))}));
  must(save(*store, {early}));
  CHECK_FALSE(holds(*store, of_stream("a")));
  must(store->append(request("a", any, some_events(6, 1))));
  CHECK_FALSE(holds(*store, of_stream("a")));
}

SKALD_CONTRACT("a snapshot of a relation holds while its streams are the same and nothing sorts before its cursor") {
  struct row {
    const char* name;
    std::function<void(event_store&)> happens;
    bool holds;
  };
  const auto related = [](std::vector<relation_change> changes) {
    return [changes](event_store& store) { must(store.relate(changes)); };
  };
  const auto hydrated = [](record r) { return [r](event_store& store) { must(store.hydrate(std::span{&r, 1})); }; };
  const auto in_posts = [](std::string name) { return relation_change::insert(posts, stream(std::move(name))); };
  const auto out_of_posts = [](std::string name) { return relation_change::remove(posts, stream(std::move(name))); };
  const row rows[] = {
    {"a stream joins", related({in_posts("c")}), false}, // E.115
    {"a stream without events joins", related({in_posts("unknown")}), false},
    {"a stream leaves", related({out_of_posts("a")}), false},
    {"a stream leaves and joins again", related({out_of_posts("a"), in_posts("a")}), false},
    {"one leaves and one with as many events joins", related({out_of_posts("a"), in_posts("c")}), false},
    {"all leave", related({relation_change::remove_key(posts)}), false},
    {"a stream leaves all relations", related({relation_change::remove_stream(stream("b"))}), false},
    {"one joins that was there", related({in_posts("a")}), true},
    {"another key changes", related({relation_change::insert(relation_key{"x"}, stream("a"))}), true},
    {"a late record", hydrated(foreign(90, "b", at(1))), false},
    {"a late record of another type", hydrated(foreign(90, "a", at(1), "other")), false},
    {"a late record in another stream", hydrated(foreign(90, "c", at(1))), true},
    {"a later record", hydrated(foreign(90, "b", at(99))), true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    fixture store{backend};
    must(store->hydrate(std::vector{foreign(1, "a", at(10)), foreign(2, "b", at(20)), foreign(3, "a", at(30)),
                                    foreign(4, "c", at(12)), foreign(5, "c", at(13))}));
    must(relate(*store, {in_posts("a"), in_posts("b")}));
    must(save(*store, {folded(*store, of_relation()), folded(*store, of_stream("c"))}));
    row.happens(*store);
    CHECK(holds(*store, of_relation()) == row.holds);
  }
}

SKALD_CONTRACT("snapshots that cannot be meant are refused, and nothing of the call is kept") {
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 3))));
  must(store->append(request("b", any, some_events(4, 3))));
  const auto good = folded(*store, of_stream("a"));
  struct row {
    const char* name;
    std::function<void(snapshot&)> change;
    std::string says;
  };
  const row rows[] = {
    {"no reducer", [](snapshot& s) { s.key = {"", stream("b")}; }, "reducer"},
    {"a reducer's name that is too long", [](snapshot& s) { s.key = {std::string(513, 'r'), stream("b")}; }, "512"},
    {"NUL in a reducer's name", [](snapshot& s) { s.key = {std::string(2, '\0'), stream("b")}; }, "NUL"},
    {"a reducer's name that is no UTF-8", [](snapshot& s) { s.key = {"\xff", stream("b")}; }, "UTF-8"},
    {"no stream", [](snapshot& s) { s.key = {"totals", stream_id{}}; }, "stream"},
    {"no relation", [](snapshot& s) { s.key = {"totals", relation_key{}}; }, "relation"},
    {"no fingerprint", [](snapshot& s) { s.fingerprint.clear(); }, "fingerprint"},
    {"a fingerprint that is too long", [](snapshot& s) { s.fingerprint.assign(513, 'f'); }, "fingerprint"},
    {"no records", [](snapshot& s) { s.records = 0; }, "records"},
    {"more records than there can be", [](snapshot& s) { s.records = UINT64_MAX; }, "more records"},
    {"a revision of a relation that cannot be", [](snapshot& s) { s.relation_revision = revision{UINT64_MAX}; },
     "more changes"},
    {"no last record", [](snapshot& s) { s.cursor = {}; }, "last one"},
    {"an unknown last record", [](snapshot& s) { s.cursor.id = id(77); }, "not stored there"},
    {"a last record of another stream", [](snapshot& s) { s.cursor.id = id(1); }, "not stored there"},
    {"a state that is no JSON", [](snapshot& s) { s.state = "{"; }, "JSON"},
    {"a state with a NUL", [](snapshot& s) { s.state = std::string("\"\0\"", 3); }, "JSON"},
    {"no state", [](snapshot& s) { s.state.clear(); }, "JSON"},
    {"a state beyond the limit", [](snapshot& s) { s.state.assign(limits::snapshot_bytes + 1, '1'); },
     std::to_string(limits::snapshot_bytes)},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto bad = folded(*store, of_stream("b"));
    row.change(bad);
    const auto answer = save(*store, {good, bad});
    CHECK(code_of(answer) == errc::invalid_argument);
    if (!answer) CHECK_MESSAGE(answer.error().message.find(row.says) != std::string::npos, answer.error().message);
    CHECK_FALSE(must(store->load_snapshot(good.key)));
  }
  for (const auto& key : {snapshot_key{}, snapshot_key{"", stream("a")}, snapshot_key{"totals", relation_key{}}}) {
    CHECK(code_of(store->load_snapshot(key)) == errc::invalid_argument);
    CHECK(code_of(store->remove_snapshot(key)) == errc::invalid_argument);
  }
  must(save(*store, {}));
}

SKALD_CONTRACT("a snapshot of the beginning of its streams holds, and one that has miscounted does not") { // E.114
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 4))));
  must(store->append(request("b", any, some_events(11, 4))));
  must(relate(*store, {relation_change::insert(posts, stream("a")), relation_change::insert(posts, stream("b"))}));
  for (const auto& key : {of_stream("a"), of_relation()}) {
    CAPTURE(key.name());
    const auto all =
      key.stream() ? read_stream(*store, "a") : read_all(*store, streams_query{std::vector{*key.relation()}});
    auto s = folded(*store, key);
    for (std::size_t count = 1; count <= all.size(); ++count) {
      CAPTURE(count);
      s.cursor = stream_query::cursor_of(all[count - 1]);
      for (const auto counted : {count - 1, count, count + 1}) {
        if (counted == 0) continue; // is refused
        s.records = counted;
        must(save(*store, {s}));
        CHECK(holds(*store, key) == (counted == count));
      }
    }
    s.records = all.size();
    s.relation_revision = revision{s.relation_revision.value + 1};
    must(save(*store, {s}));
    CHECK_FALSE(holds(*store, key));
  }
}

SKALD_CONTRACT("a snapshot of a relation that was never used, or has lost its streams, does not hold") { // E.115
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 3))));
  auto s = folded(*store, of_stream("a"));
  s.key = of_relation(relation_key{"never used"});
  must(save(*store, {s}));
  CHECK_FALSE(holds(*store, s.key));
  CHECK(must(store->related(relation_key{"never used"})) == relation{}); // a snapshot makes no relation
  CHECK(must(store->relations("", 10)).empty());
  must(relate(*store, {relation_change::insert(posts, stream("a"))}));
  must(save(*store, {folded(*store, of_relation())}));
  must(relate(*store, {relation_change::remove_key(posts)}));
  CHECK_FALSE(holds(*store, of_relation()));
}

SKALD_CONTRACT("of several snapshots of one key in one call the last is kept") { // E.112
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 3))));
  auto first = folded(*store, of_stream("a"));
  auto second = first;
  second.state = "2";
  must(save(*store, {first, second, folded(*store, of_stream("a", "counts"))}));
  CHECK(must(store->load_snapshot(first.key))->snapshot.state == "2");
  must(save(*store, {second, first}));
  CHECK((must(store->load_snapshot(first.key))->snapshot == first));
}

SKALD_CONTRACT(
  "a snapshot counts records of all kinds, and does not hold where one of any kind comes before") { // E.114
  fixture store{backend};
  auto silent = request("a", any, {an_event(1, "red", at(50))});
  silent.emit = false;
  must(store->append(silent));
  must(store->hydrate(std::vector{foreign(2, "a", at(10), "red"), foreign(3, "a", at(60))})); // the first is outdated
  must(save(*store, {folded(*store, of_stream("a"))}));
  CHECK(must(store->load_snapshot(of_stream("a")))->snapshot.records == 3);
  CHECK(holds(*store, of_stream("a")));
  auto late_and_silent = foreign(4, "a", at(20), "blue");
  late_and_silent.silent = true;
  must(store->hydrate(std::vector{late_and_silent}));
  CHECK_FALSE(holds(*store, of_stream("a")));
}

SKALD_CONTRACT("the time of a snapshot's last record is looked up, whatever was given") {
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 3))));
  auto s = folded(*store, of_stream("a"));
  const auto cursor = s.cursor;
  for (const auto given : {timestamp{}, at(1), timestamp::max()}) {
    s.cursor.created = given;
    must(save(*store, {s}));
    CHECK((must(store->load_snapshot(s.key))->snapshot.cursor == cursor));
    CHECK(holds(*store, s.key));
  }
}

SKALD_CONTRACT("snapshots of names of any characters are told apart") {
  fixture store{backend};
  const std::vector<std::string> names{"a",  "A", "a ",         "%",    "'; DROP TABLE skald_snapshots; --",
                                       "\"", "ä", "\U0001f600", "a\nb", std::string(512, 'k')};
  std::uint64_t number = 1;
  for (const auto& name : names) must(store->append(request(name, any, {an_event(number++)})));
  for (const auto& name : names) {
    auto s = folded(*store, of_stream(name, name));
    s.state = "\"of " + std::to_string(s.cursor.id.bytes()[15]) + '"';
    must(save(*store, {s}));
  }
  number = 1;
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(must(store->load_snapshot(of_stream(name, name)))->snapshot.state ==
          "\"of " + std::to_string(number++) + '"');
    must(store->remove_snapshot(of_stream(name, name)));
    CHECK_FALSE(must(store->load_snapshot(of_stream(name, name))));
  }
}

SKALD_CONTRACT("an undone transaction leaves snapshots as they were") {
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 3))));
  must(store->append(request("b", any, some_events(4, 3))));
  const auto a = folded(*store, of_stream("a"));
  const auto b = folded(*store, of_stream("b"));
  must(save(*store, {a}));
  const auto undone = door::open(*store, [&](event_store::transaction& tx) -> result<void> {
    auto changed = a;
    changed.state = "7";
    tx.save(changed);
    tx.remove(a.key);
    tx.save(changed);
    tx.save(b);
    return error{errc::rejected, "no"};
  });
  CHECK(code_of(undone) == errc::rejected);
  CHECK((must(store->load_snapshot(a.key))->snapshot == a));
  CHECK_FALSE(must(store->load_snapshot(of_stream("b"))));
}

SKALD_CONTRACT("random histories: a snapshot holds just as long as what it has folded is a beginning of its streams") {
  std::mt19937 random{20'260'117};
  for (int history = 0; history < 15; ++history) {
    CAPTURE(history);
    fixture store{backend};
    std::uint64_t number = 1;
    const auto some_stream = [&] { return "s" + std::to_string(random() % 4); };
    std::vector<std::pair<snapshot, std::vector<std::string>>> saved; // with the data that were folded
    const auto read = [&](const snapshot_key& key) {
      if (key.stream()) return data_of(read_all(*store, stream_query{*key.stream()}));
      return data_of(read_all(*store, streams_query{std::vector{*key.relation()}}));
    };
    for (int step = 0; step < 60; ++step) {
      switch (random() % 6) {
        case 0: must(store->append(request(some_stream(), any, some_events(number, 2)))); break;
        case 1:
          must(store->hydrate(std::vector{foreign(number, some_stream(), at(static_cast<int>(random() % 2000)))}));
          break;
        case 2: {
          const auto in = random() % 2 == 0;
          const auto s = stream(some_stream());
          must(relate(*store, {in ? relation_change::insert(posts, s) : relation_change::remove(posts, s)}));
          break;
        }
        default: {
          const auto key = random() % 2 == 0 ? of_relation() : of_stream(some_stream());
          auto data = read(key);
          if (data.empty()) break;
          const auto s = folded(*store, key);
          must(save(*store, {s}));
          std::erase_if(saved, [&](const auto& known) { return known.first.key == key; });
          saved.emplace_back(s, std::move(data));
        }
      }
      number += 2;
      for (const auto& [s, data] : saved) {
        const auto now = read(s.key);
        const bool same_streams =
          s.key.stream() || must(store->related(*s.key.relation())).revision == s.relation_revision;
        const bool begins = now.size() >= data.size() && std::equal(data.begin(), data.end(), now.begin());
        CHECK(holds(*store, s.key) == (same_streams && begins));
      }
    }
  }
}
