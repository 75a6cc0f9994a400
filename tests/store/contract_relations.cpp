#include <skald/store/event.hpp>
#include <skald/store/limits.hpp>

#include <boost/describe/class.hpp>
#include <tests/store/contract.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
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

struct post_created {
  std::string author;
};
struct post_tagged {
  std::vector<std::string> tags;
};
struct post_removed {};
BOOST_DESCRIBE_STRUCT(post_created, (), (author))
BOOST_DESCRIBE_STRUCT(post_tagged, (), (tags))
BOOST_DESCRIBE_STRUCT(post_removed, (), ())

using post_events = skald::events<skald::event<"post:created", post_created>, skald::event<"post:tagged", post_tagged>,
                                  skald::event<"post:removed", post_removed>>;

/// Which posts are whose, and under which tags.
std::shared_ptr<catalog> post_catalog() {
  auto types = std::make_shared<catalog>();
  must(types->add<post_events>());
  must(types->relations_from<post_created>([](const post_created& e, const record& r) {
    if (e.author == "nobody") throw std::runtime_error{"posts have authors"};
    if (e.author == "number") throw 7;
    return std::vector{relation_change::insert(e.author.empty() ? relation_key{} : key("by " + e.author), r.stream)};
  }));
  must(types->relations_from<post_tagged>([](const post_tagged& e, const record& r) {
    std::vector<relation_change> changes;
    for (const auto& tag : e.tags) changes.push_back(relation_change::insert(key(tag), r.stream));
    return changes;
  }));
  must(types->relations_from<post_removed>(
    [](const post_removed&, const record& r) { return std::vector{relation_change::remove_stream(r.stream)}; }));
  return types;
}

new_event post_by(std::string author) { return must(encode<skald::event<"post:created", post_created>>({author})); }

/// The same as it comes from outside, under a given id.
new_event untyped_post_by(std::uint64_t number, std::string author) {
  return {"post:created", "{\"author\":\"" + author + "\"}", id(number)};
}

} // namespace

SKALD_CONTRACT("what is inserted under a key is found by key and by stream, also after a restart") { // E.91
  fixture store{backend};
  must(relate(*store, {insert("posts", "b"), insert("posts", "a"), insert("drafts", "a")}));
  for (int start = 0; start < (backend.persistent ? 2 : 1); ++start) {
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
  fixture store{backend};
  must(relate(*store, {insert("posts", "a"), insert("posts", "a")}));
  must(relate(*store, {insert("posts", "a")}));
  CHECK(streams_under(*store, "posts") == names{"a"});
  CHECK(revision_of(*store, "posts") == 1);
}

SKALD_CONTRACT("relations are removed by pair, by key and by stream") { // E.94
  fixture store{backend};
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
  fixture store{backend};
  std::vector<relation_change> changes;
  for (int i = 0; i < 10'000; ++i) changes.push_back(insert("all", "s" + std::to_string(i)));
  must(store->relate(changes));
  CHECK(must(store->related(key("all"))).streams.size() == 10'000);
  must(relate(*store, {relation_change::remove_key(key("all"))}));
  CHECK(must(store->related(key("all"))).streams.empty());
  CHECK(keys_of(*store, "s77").empty());
}

SKALD_CONTRACT("an empty list of changes is nothing, and keys of any characters touch only their own rows") { // E.96
  fixture store{backend};
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
  fixture store{backend};
  must(relate(*store, {insert("x", "a"), relation_change::remove_key(key("x")), insert("x", "b"), remove("x", "b"),
                       insert("x", "c"), relation_change::remove_stream(stream("c")), insert("x", "d")}));
  CHECK(streams_under(*store, "x") == names{"d"});
}

SKALD_CONTRACT("every change of a key raises its revision, and nothing else does") {
  fixture store{backend};
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

SKALD_CONTRACT("a key's revision counts what changed within one call, also where nothing is left of it") {
  fixture store{backend};
  must(relate(*store, {insert("x", "a"), insert("x", "a"), remove("x", "a"), remove("x", "a"), insert("x", "b"),
                       relation_change::remove_key(key("x")), relation_change::remove_key(key("x")), insert("y", "c"),
                       relation_change::remove_stream(stream("c")), relation_change::remove_stream(stream("c"))}));
  CHECK(must(store->related(key("x"))) == relation{{}, revision{4}});
  CHECK(must(store->related(key("y"))) == relation{{}, revision{2}});
  CHECK(must(store->relations("", 10)).empty());
  must(relate(*store, {remove("z", "a"), relation_change::remove_key(key("z"))}));
  CHECK(must(store->related(key("z"))) == relation{});
}

SKALD_CONTRACT("a stream may be kept under many keys and leaves them all at once") {
  fixture store{backend};
  constexpr std::size_t many = 2'000;
  std::vector<relation_change> changes;
  for (std::size_t i = 0; i < many; ++i) {
    changes.push_back(insert("k" + std::to_string(i), "a"));
    if (i % 2 == 0) changes.push_back(insert("k" + std::to_string(i), "b"));
  }
  must(store->relate(changes));
  CHECK(keys_of(*store, "a").size() == many);
  CHECK(must(store->related(key("k8"))) == relation{{stream("a"), stream("b")}, revision{2}});
  must(relate(*store, {relation_change::remove_stream(stream("a"))}));
  CHECK(keys_of(*store, "a").empty());
  CHECK(keys_of(*store, "b").size() == many / 2);
  CHECK(must(store->related(key("k8"))) == relation{{stream("b")}, revision{3}});
  CHECK(must(store->related(key("k9"))) == relation{{}, revision{2}});
  CHECK(must(store->relations("", many)).size() == many / 2);
}

SKALD_CONTRACT("the requests of a group change relations in their order") { // E.97
  fixture store{backend};
  std::vector<append_request> group(4);
  group[0].relations = {insert("x", "a"), insert("x", "b")};
  group[1] = request("a", no_stream, some_events(1, 1));
  group[1].relations = {relation_change::remove_key(key("x")), insert("y", "a")};
  group[2] = request("a", no_stream, some_events(2, 1)); // is refused
  group[2].relations = {relation_change::remove_stream(stream("a"))};
  group[3].relations = {insert("x", "c"), relation_change::remove_key(key("y"))};
  std::vector<errc> codes;
  for (const auto& answer : store->append(group)) codes.push_back(code_of(answer));
  CHECK(codes == std::vector{errc::none, errc::none, errc::wrong_expected_revision, errc::none});
  CHECK(must(store->related(key("x"))) == relation{{stream("c")}, revision{4}});
  CHECK(must(store->related(key("y"))) == relation{{}, revision{2}});
}

SKALD_CONTRACT("a stream is kept under a key before and after it has events") {
  fixture store{backend};
  must(relate(*store, {insert("x", "a")}));
  CHECK(must(store->revision_of(stream("a"))) == revision{});
  CHECK(read_all(*store, streams_query{std::vector{key("x")}}).empty());
  CHECK(must(store->streams("", 10)).empty()); // of those with events
  must(store->append(request("a", no_stream, some_events(1, 2))));
  CHECK(read_all(*store, streams_query{std::vector{key("x")}}).size() == 2);
  must(relate(*store, {relation_change::remove_stream(stream("a"))}));
  CHECK(read_all(*store, streams_query{std::vector{key("x")}}).empty());
  CHECK(read_stream(*store, "a").size() == 2);
  must(relate(*store, {insert("x", "$reserved")})); // may be kept; nothing is appended to it
  CHECK(streams_under(*store, "x") == names{"$reserved"});
}

SKALD_CONTRACT("relations of an append are made with its events or not at all") {
  fixture store{backend};
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
  fixture store{backend};
  auto made = request("a", any, some_events(1, 1));
  made.relations = {insert("posts", "a")};
  const auto receipt = must(store->append(made));
  must(relate(*store, {remove("posts", "a")}));
  CHECK(must(store->append(made)) == receipt);
  CHECK(streams_under(*store, "posts").empty());
}

SKALD_CONTRACT("a request may change relations alone, or under the condition of a revision") {
  fixture store{backend};
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
  fixture store{backend};
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
  fixture store{backend};
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
  fixture store{backend};
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

SKALD_CONTRACT("relations follow from events, typed ones and JSON, in the order of the events") { // E.97
  fixture store{backend, post_catalog()};
  must(store->append(request("p1", no_stream, {post_by("ada"), {"post:tagged", R"({"tags":["x","y"]})"}})));
  must(store->append(request("p2", no_stream, {untyped_post_by(1, "ada")})));
  CHECK(streams_under(*store, "by ada") == names{"p1", "p2"});
  CHECK(keys_of(*store, "p1") == names{"by ada", "x", "y"});
  must(store->append(request("p1", any, {{"post:removed", "{}"}, {"post:tagged", R"({"tags":["z"]})"}})));
  CHECK(keys_of(*store, "p1") == names{"z"});
  if (backend.persistent) store.reopen();
  CHECK(streams_under(*store, "by ada") == names{"p2"});
  CHECK(read_all(*store, streams_query{std::vector{key("by ada")}}) == read_stream(*store, "p2"));
}

SKALD_CONTRACT("what a request itself says of relations comes behind what follows from its events") {
  fixture store{backend, post_catalog()};
  auto r = request("p1", no_stream, {post_by("ada"), {"post:tagged", R"({"tags":["x"]})"}});
  r.relations = {remove("x", "p1"), insert("y", "p1")};
  must(store->append(r));
  CHECK(keys_of(*store, "p1") == names{"by ada", "y"});
}

SKALD_CONTRACT("relations do not follow again from a request that is repeated, nor from one that is refused") {
  fixture store{backend, post_catalog()};
  const auto original = request("p1", no_stream, {untyped_post_by(1, "ada")});
  must(store->append(original));
  must(relate(*store, {remove("by ada", "p1")}));
  must(store->append(original));
  CHECK(revision_of(*store, "by ada") == 2);
  CHECK(code_of(store->append(request("p1", no_stream, {untyped_post_by(2, "bob")}))) == errc::wrong_expected_revision);
  CHECK(revision_of(*store, "by bob") == 0);
  CHECK(keys_of(*store, "p1").empty());
}

SKALD_CONTRACT("relations follow from hydrated records, and not again from known ones") {
  fixture store{backend, post_catalog()};
  auto late = foreign(1, "p1", at(2), "post:created");
  late.data = R"({"author":"ada"})";
  auto removal = foreign(2, "p2", at(1), "post:removed");
  removal.data = "{}";
  must(relate(*store, {insert("x", "p2")}));
  const std::vector records{late, removal, foreign(3, "p3", at(1), "unknown:type")};
  must(store->hydrate(records));
  CHECK(streams_under(*store, "by ada") == names{"p1"});
  CHECK(keys_of(*store, "p2").empty());
  must(store->hydrate(records));
  CHECK(revision_of(*store, "by ada") == 1);
}

SKALD_CONTRACT("where relations cannot follow, the request is refused whole and its neighbours are not") {
  fixture store{backend, post_catalog()};
  struct row {
    const char* name;
    std::string author;
    const char* says;
  };
  const row rows[] = {
    {"a map that throws", "nobody", "posts have authors"},
    {"a map that throws what is no exception", "number", "no std::exception"},
    {"a map that names no key", "", "a relation key is empty"},
    {"a map that makes a key too long", std::string(600, 'x'), "1 to 512 bytes"},
  };
  std::uint64_t n = 0;
  for (const auto& row : rows) {
    CAPTURE(row.name);
    n += 10;
    const auto s = "p" + std::to_string(n);
    const std::vector<append_request> group{
      request(s + "a", any, {untyped_post_by(n, "ada")}),
      append_request{{{stream(s), any, {untyped_post_by(n + 1, "bob")}},
                      {stream(s + "b"), any, {untyped_post_by(n + 2, row.author)}}}},
      request(s + "c", any, {untyped_post_by(n + 3, "ada")})};
    const auto answers = store->append(group);
    CHECK(must(answers[0]).first.value + 1 == must(answers[2]).first.value);
    REQUIRE(code_of(answers[1]) == errc::invalid_event);
    CHECK(answers[1].error().outcome == outcome::not_written);
    CHECK_MESSAGE(answers[1].error().message.find(row.says) != std::string::npos, answers[1].error().message);
    CHECK_MESSAGE(answers[1].error().message.find("'" + s + "b'") != std::string::npos, answers[1].error().message);
    CHECK(streams_under(*store, "by bob").empty());
    CHECK_FALSE(must(store->find(id(n + 1))));

    std::vector records{foreign(n + 4, "h1", at(1), "post:created"), foreign(n + 5, "h2", at(1), "post:created")};
    records[0].data = R"({"author":"bob"})";
    records[1].data = "{\"author\":\"" + row.author + "\"}";
    CHECK(code_of(store->hydrate(records)) == errc::invalid_event);
    CHECK(streams_under(*store, "by bob").empty());
    CHECK_FALSE(must(store->find(id(n + 4))));
  }
  auto unfit = foreign(1, "h", at(1), "post:created");
  CHECK(code_of(store->hydrate(std::span{&unfit, 1})) == errc::invalid_event); // its data are of another shape
  unfit.data = R"({"author":"ada"})";
  unfit.schema_version = 2;
  CHECK(code_of(store->hydrate(std::span{&unfit, 1})) == errc::invalid_event);
}

SKALD_CONTRACT("what follows from all events of a request or call is counted together, up to the limit") {
  auto types = std::make_shared<catalog>();
  must(types->add<post_events>());
  must(types->relations_from<post_tagged>([](const post_tagged& e, const record&) {
    return std::vector(std::stoul(e.tags.front()), relation_change::remove_key(key("k")));
  }));
  fixture store{backend, types};
  constexpr auto half = limits::relation_changes / 2;
  const auto tagged = [](std::uint64_t number, std::size_t changes) {
    return new_event{"post:tagged", "{\"tags\":[\"" + std::to_string(changes) + "\"]}", id(number)};
  };
  const auto hydrate = [&](const std::vector<new_event>& events) {
    std::vector<record> records;
    for (const auto& event : events) {
      records.push_back(foreign(100 + records.size(), "b", at(1), event.type));
      records.back().data = event.data;
    }
    return store->hydrate(records);
  };
  const std::vector most{tagged(1, half), tagged(2, limits::relation_changes - half)};
  const std::vector too_many{tagged(1, half), tagged(2, half), tagged(3, 1)};
  CHECK(code_of(store->append(request("a", any, too_many))) == errc::invalid_argument);
  CHECK(code_of(hydrate(too_many)) == errc::invalid_argument);
  auto one_more = request("a", any, most);
  one_more.relations.push_back(remove("k", "a"));
  CHECK(code_of(store->append(one_more)) == errc::invalid_argument);
  CHECK(read_all(*store).empty());
  must(store->append(request("a", any, most)));
  CHECK(must(hydrate(most)).written == 2);
}

SKALD_CONTRACT("several maps of one type are asked in their order") {
  auto types = post_catalog();
  must(types->relations_from<post_created>([count = 0](const post_created&, const record& r) mutable {
    return std::vector{remove("by ada", r.stream.str()), insert("count " + std::to_string(++count), r.stream.str())};
  }));
  fixture store{backend, types};
  must(store->append(request("p1", no_stream, {post_by("ada"), post_by("ada")})));
  CHECK(keys_of(*store, "p1") == names{"count 1", "count 2"});
}

TEST_CASE("relations follow from types that the catalog knows, and from each by its own struct") {
  catalog types;
  const auto none = [](const post_created&, const record&) { return std::vector<relation_change>{}; };
  CHECK(code_of(types.relations_from<post_created>(none)) == errc::event_missing);
  must(types.add<post_events>());
  must(types.relations_from<post_created>(none));
}

SKALD_CONTRACT("random changes of relations agree with a model") { // E.118
  fixture store{backend};
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
    if (round == 30 && backend.persistent) store.reopen();
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
