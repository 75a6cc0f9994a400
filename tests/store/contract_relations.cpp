#include <tests/store/contract.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace skald;
using namespace skald::test;

namespace {

relation_key key(std::string name) { return relation_key{std::move(name)}; }

relation_change insert(std::string under, std::string name) {
  return relation_change::insert(key(std::move(under)), stream(std::move(name)));
}
relation_change remove(std::string under, std::string name) {
  return relation_change::remove(key(std::move(under)), stream(std::move(name)));
}

result<void> relate(event_store& store, std::vector<relation_change> changes) { return store.relate(changes); }

std::vector<std::string> streams_under(const event_store& store, std::string name) {
  std::vector<std::string> names;
  for (const auto& s : must(store.related(key(std::move(name)))).streams) names.push_back(s.str());
  return names;
}

std::vector<std::string> keys_of(const event_store& store, std::string name) {
  std::vector<std::string> names;
  for (const auto& k : must(store.keys_of(stream(std::move(name))))) names.push_back(k.str());
  return names;
}

std::uint64_t revision_of(const event_store& store, std::string name) {
  return must(store.related(key(std::move(name)))).revision.value;
}

using names = std::vector<std::string>;

} // namespace

SKALD_CONTRACT("what is inserted under a key is found by key and by stream, also after a restart") { // E.91
  fixture<backend> store;
  must(relate(*store, {insert("posts", "b"), insert("posts", "a"), insert("drafts", "a")}));
  for (int start = 0; start < (backend::persistent ? 2 : 1); ++start) {
    if (start != 0) store.reopen();
    CHECK(streams_under(*store, "posts") == names{"a", "b"});
    CHECK(streams_under(*store, "drafts") == names{"a"});
    CHECK(streams_under(*store, "unknown").empty());
    CHECK(keys_of(*store, "a") == names{"drafts", "posts"});
    CHECK(keys_of(*store, "b") == names{"posts"});
    CHECK(keys_of(*store, "unknown").empty());
  }
}

SKALD_CONTRACT("a relation that is there already stays as it is") { // E.92
  fixture<backend> store;
  must(relate(*store, {insert("posts", "a"), insert("posts", "a")}));
  must(relate(*store, {insert("posts", "a")}));
  CHECK(streams_under(*store, "posts") == names{"a"});
  CHECK(revision_of(*store, "posts") == 1);
}

SKALD_CONTRACT("relations are removed by pair, by key and by stream") { // E.94
  fixture<backend> store;
  const std::vector all{insert("x", "a"), insert("x", "b"), insert("y", "a"), insert("y", "c")};
  const auto after = [&](relation_change change) {
    must(relate(*store, {relation_change::remove_key(key("x")), relation_change::remove_key(key("y"))}));
    must(store->relate(all));
    must(relate(*store, {std::move(change)}));
    return std::pair{streams_under(*store, "x"), streams_under(*store, "y")};
  };
  CHECK(after(remove("x", "a")) == std::pair{names{"b"}, names{"a", "c"}});
  CHECK(after(remove("x", "c")) == std::pair{names{"a", "b"}, names{"a", "c"}});
  CHECK(after(remove("unknown", "a")) == std::pair{names{"a", "b"}, names{"a", "c"}});
  CHECK(after(relation_change::remove_key(key("x"))) == std::pair{names{}, names{"a", "c"}});
  CHECK(after(relation_change::remove_key(key("unknown"))) == std::pair{names{"a", "b"}, names{"a", "c"}});
  CHECK(after(relation_change::remove_stream(stream("a"))) == std::pair{names{"b"}, names{"c"}});
  CHECK(after(relation_change::remove_stream(stream("unknown"))) == std::pair{names{"a", "b"}, names{"a", "c"}});
}

SKALD_CONTRACT("ten thousand relations are inserted and removed") { // E.95
  fixture<backend> store;
  std::vector<relation_change> changes;
  for (int i = 0; i < 10'000; ++i) changes.push_back(insert("all", "s" + std::to_string(i)));
  must(store->relate(changes));
  CHECK(must(store->related(key("all"))).streams.size() == 10'000);
  must(relate(*store, {relation_change::remove_key(key("all"))}));
  CHECK(must(store->related(key("all"))).streams.empty());
  CHECK(keys_of(*store, "s77").empty());
}

SKALD_CONTRACT("an empty list of changes is nothing, and keys of any characters touch only their own rows") { // E.96
  fixture<backend> store;
  must(relate(*store, {}));
  const names keys{"a",
                   "A",
                   "a ",
                   "%",
                   "_",
                   "*",
                   "'; DROP TABLE skald_relations; --",
                   "\"",
                   "\\",
                   "ä",
                   "\u2028",
                   "\U0001f600",
                   "a\nb",
                   "$all",
                   std::string(512, 'k')};
  for (const auto& k : keys) must(relate(*store, {insert(k, "s" + k.substr(0, 100))}));
  for (const auto& k : keys) {
    CAPTURE(k);
    CHECK(streams_under(*store, k) == names{"s" + k.substr(0, 100)});
    must(relate(*store, {relation_change::remove_key(key(k))}));
    CHECK(streams_under(*store, k).empty());
  }
}

SKALD_CONTRACT("changes are made in the order of their list") { // E.97
  fixture<backend> store;
  must(relate(*store, {insert("x", "a"), relation_change::remove_key(key("x")), insert("x", "b"), remove("x", "b"),
                       insert("x", "c"), relation_change::remove_stream(stream("c")), insert("x", "d")}));
  CHECK(streams_under(*store, "x") == names{"d"});
}

SKALD_CONTRACT("every change of a key raises its revision, and nothing else does") {
  fixture<backend> store;
  const auto raised_by = [&](relation_change change) {
    const auto x = revision_of(*store, "x");
    const auto y = revision_of(*store, "y");
    must(relate(*store, {std::move(change)}));
    return std::pair{revision_of(*store, "x") - x, revision_of(*store, "y") - y};
  };
  using raised = std::pair<std::uint64_t, std::uint64_t>;
  CHECK(revision_of(*store, "x") == 0);
  CHECK(raised_by(insert("x", "a")) == raised{1, 0});
  CHECK(raised_by(insert("x", "a")) == raised{0, 0});
  CHECK(raised_by(insert("y", "a")) == raised{0, 1});
  CHECK(raised_by(insert("y", "b")) == raised{0, 1});
  CHECK(raised_by(remove("y", "c")) == raised{0, 0});
  CHECK(raised_by(relation_change::remove_stream(stream("a"))) == raised{1, 1});
  CHECK(raised_by(relation_change::remove_stream(stream("a"))) == raised{0, 0});
  CHECK(raised_by(relation_change::remove_key(key("x"))) == raised{0, 0});
  CHECK(raised_by(relation_change::remove_key(key("y"))) == raised{0, 1});
  CHECK(raised_by(insert("y", "b")) == raised{0, 1}); // also where it is back to what it was
}

SKALD_CONTRACT("relations of an append are made with its events or not at all") {
  fixture<backend> store;
  auto first = request("a", no_stream, some_events(1, 1));
  first.relations = {insert("posts", "a"), insert("posts", "unwritten")};
  must(store->append(first));
  CHECK(streams_under(*store, "posts") == names{"a", "unwritten"});
  CHECK(must(store->revision_of(stream("unwritten"))) == revision{0});
  must(store->append(request("unwritten", no_stream, some_events(9, 1)))); // being related is not being there

  auto refused = request("a", no_stream, some_events(2, 1));
  refused.relations = {relation_change::remove_key(key("posts"))};
  CHECK(code_of(store->append(refused)) == errc::wrong_expected_revision);
  CHECK(streams_under(*store, "posts") == names{"a", "unwritten"});

  // The neighbour of what is refused is not touched.
  auto neighbour = request("b", any, some_events(3, 1));
  neighbour.relations = {insert("posts", "b")};
  const std::vector group{refused, neighbour};
  const auto answers = store->append(group);
  CHECK(code_of(answers[0]) == errc::wrong_expected_revision);
  CHECK(code_of(answers[1]) == errc::none);
  CHECK(streams_under(*store, "posts") == names{"a", "b", "unwritten"});
}

SKALD_CONTRACT("a repeated request does not change relations again") {
  fixture<backend> store;
  auto made = request("a", any, some_events(1, 1));
  made.relations = {insert("posts", "a")};
  const auto receipt = must(store->append(made));
  must(relate(*store, {remove("posts", "a")}));
  CHECK(must(store->append(made)) == receipt);
  CHECK(streams_under(*store, "posts").empty());
}

SKALD_CONTRACT("a request may change relations alone, or under the condition of a revision") {
  fixture<backend> store;
  append_request alone;
  alone.relations = {insert("posts", "a")};
  CHECK(must(store->append(alone)).last == position{});
  CHECK(streams_under(*store, "posts") == names{"a"});
  auto checked = request("a", exactly(3), {});
  checked.relations = {remove("posts", "a")};
  CHECK(code_of(store->append(checked)) == errc::wrong_expected_revision);
  CHECK(streams_under(*store, "posts") == names{"a"});
}

SKALD_CONTRACT("an undone transaction leaves relations as they were") {
  fixture<backend> store;
  must(relate(*store, {insert("x", "a"), insert("y", "b")}));
  const std::vector bad{insert("x", "c"), relation_change::remove_stream(stream("b")),
                        relation_change::insert({}, stream("d"))};
  CHECK(code_of(store->relate(bad)) == errc::invalid_argument);
  const auto before = std::pair{must(store->related(key("x"))), must(store->related(key("y")))};
  const auto undone = door::open(*store, [](event_store::transaction& tx) -> result<void> {
    for (const auto& change : {insert("x", "c"), remove("x", "a"), relation_change::remove_stream(stream("b")),
                               relation_change::remove_key(key("x")), insert("x", "e")})
      tx.relate(change);
    return error{errc::rejected, "no"};
  });
  CHECK(code_of(undone) == errc::rejected);
  CHECK(std::pair{must(store->related(key("x"))), must(store->related(key("y")))} == before);
  CHECK(keys_of(*store, "a") == names{"x"});
  CHECK(keys_of(*store, "e").empty());
}

SKALD_CONTRACT("changes without a name and reads without one are refused") {
  fixture<backend> store;
  const auto refused = [&](relation_change change) {
    append_request in_request;
    in_request.relations = {change};
    return code_of(relate(*store, {change})) == errc::invalid_argument &&
           code_of(store->append(in_request)) == errc::invalid_argument;
  };
  CHECK(refused(relation_change::insert({}, stream("a"))));
  CHECK(refused(relation_change::insert(key("x"), {})));
  CHECK(refused(relation_change::remove({}, stream("a"))));
  CHECK(refused(relation_change::remove(key("x"), {})));
  CHECK(refused(relation_change::remove_key({})));
  CHECK(refused(relation_change::remove_stream({})));
  CHECK(code_of(store->related({})) == errc::invalid_argument);
  CHECK(code_of(store->keys_of({})) == errc::invalid_argument);
  CHECK(code_of(store->read(streams_query{std::vector{relation_key{}}})) == errc::invalid_argument);
  CHECK(code_of(store->read(streams_query{std::vector{stream_id{}}})) == errc::invalid_argument);
}

SKALD_CONTRACT("events are read by the keys of their streams, each once") {
  fixture<backend> store;
  must(store->append(request("a", any, some_events(1, 3))));
  must(store->append(request("b", any, some_events(4, 2))));
  must(store->append(request("c", any, some_events(6, 1))));
  must(store->append(request("a", any, some_events(7, 2))));
  must(relate(*store, {insert("x", "a"), insert("x", "b"), insert("y", "b"), insert("y", "c"), insert("z", "empty")}));
  const auto read = [&](std::vector<relation_key> keys) { return read_all(*store, streams_query{std::move(keys)}); };
  const auto named = [&](names all) {
    std::vector<stream_id> streams;
    for (auto& n : all) streams.push_back(stream(std::move(n)));
    return read_all(*store, streams_query{std::move(streams)});
  };
  CHECK(read({key("x")}) == named({"a", "b"}));
  CHECK(read({key("x")}).size() == 7);
  CHECK(read({key("x"), key("y"), key("x")}) == read_all(*store));
  CHECK(named({"c", "a", "b", "a", "unknown"}) == read_all(*store));
  CHECK(read({key("z")}).empty());
  CHECK(read({key("unknown")}).empty());
  CHECK(read({}).empty());
  CHECK(named({}).empty());
  must(relate(*store, {remove("x", "a")}));
  CHECK(read({key("x")}) == named({"b"}));
}

SKALD_CONTRACT("random changes of relations agree with a model") { // E.118
  fixture<backend> store;
  std::map<std::string, std::set<std::string>> model;
  std::map<std::string, std::uint64_t> revisions;
  std::mt19937 random{7};
  const auto pick = [&](const char* prefix, unsigned of) { return prefix + std::to_string(random() % of); };
  for (int round = 0; round < 60; ++round) {
    std::vector<relation_change> changes;
    for (auto count = random() % 6; count > 0; --count) {
      const auto k = pick("k", 5);
      const auto s = pick("s", 8);
      auto& under = model[k];
      switch (random() % 6) {
        case 0:
          changes.push_back(remove(k, s));
          revisions[k] += under.erase(s);
          break;
        case 1:
          changes.push_back(relation_change::remove_key(key(k)));
          revisions[k] += under.empty() ? 0 : 1;
          under.clear();
          break;
        case 2:
          changes.push_back(relation_change::remove_stream(stream(s)));
          for (auto& [name, streams] : model) revisions[name] += streams.erase(s);
          break;
        default: changes.push_back(insert(k, s)); revisions[k] += under.insert(s).second ? 1 : 0;
      }
    }
    must(store->relate(changes));
    if (round == 30 && backend::persistent) store.reopen();
  }
  for (const auto& [k, streams] : model) {
    CAPTURE(k);
    CHECK(streams_under(*store, k) == names{streams.begin(), streams.end()});
    CHECK(revision_of(*store, k) == revisions[k]);
  }
  for (int i = 0; i < 8; ++i) {
    const auto s = "s" + std::to_string(i);
    names expected;
    for (const auto& [k, streams] : model)
      if (streams.contains(s)) expected.push_back(k);
    CHECK(keys_of(*store, s) == expected);
  }
}
