#include <skald/aggregates/reducer.hpp>
#include <skald/aggregates/repository.hpp>
#include <skald/store/limits.hpp>

#include <tests/accounts.hpp>
#include <tests/store/contract.hpp>

#include <limits>
#include <map>
#include <random>
#include <set>

using namespace accounts;
using namespace skald;
using namespace skald::test;

namespace {

const stream_id ada{"account-ada"};
const relation_key posts{"posts"};
constexpr snapshot_every never{0};
constexpr snapshot_every always{1};

template <keeps_snapshots A = ledger>
snapshot_key key_of(const stream_id& id) {
  return aggregate_access::key_of<A>(id);
}

void deposit(event_store& store, const stream_id& stream, std::int64_t cents) {
  const auto data = "{\"cents\":" + std::to_string(cents) + '}';
  must(store.append(append_request{stream, any, {new_event{"account:deposited", data}}}));
}

/// Puts another state into the snapshot that is kept, to tell who uses it.
void change_state(event_store& store, const snapshot_key& key, const std::string& state) {
  auto found = must(store.load_snapshot(key));
  REQUIRE(found);
  found->snapshot.state = state;
  must(store.save_snapshots(std::span{&found->snapshot, 1}));
}

constexpr const char* marked = R"({"owner":"marked","cents":1000000,"reviews":0})";

struct counts {
  int posts = 0;
  std::int64_t cents = 0;

  friend bool operator==(const counts&, const counts&) = default;
};
BOOST_DESCRIBE_STRUCT(counts, (), (posts, cents))

auto make_counts() {
  return make_reducer<account_events, counts>(
    "counts", [](counts& c, const opened&) { ++c.posts; }, [](counts& c, const deposited& e) { c.cents += e.cents; });
}

/// The state from the beginning, without snapshots.
std::optional<counts> full_fold(const event_store& store, const stream_id& of) {
  return must(make_counts().reduce(store, stream_query{of}));
}
std::optional<counts> full_fold(const event_store& store, const relation_key& of) {
  return must(make_counts().reduce(store, streams_query{std::vector{of}}));
}

/// The same for the aggregate: its state as a reducer has it.
balance full_fold_of_ledger(const event_store& store, const stream_id& of) {
  auto whole = aggregate_access::make<ledger>(of);
  must(for_each(store, stream_query{of}, [&](const record& r) { must(aggregate_access::fold(whole, r)); }));
  return whole.state();
}

} // namespace

SKALD_CONTRACT("an aggregate is saved, snapshot, saved again and loaded from both") { // E.106, E.107
  fixture store{backend};
  auto a = must(load<ledger>(*store, ada));
  a.open("Ada");
  a.deposit(5);
  must(save(*store, a));
  must(save_snapshot(*store, a));
  CHECK(must(store->load_snapshot(key_of(ada)))->holds);
  a.deposit(7);
  must(save(*store, a));
  auto b = must(load<ledger>(*store, ada));
  CHECK((b.state() == balance{"Ada", 12, 0}));
  CHECK(b.revision() == revision{3});
  b.deposit(1);
  must(save(*store, b)); // at the right revision

  change_state(*store, key_of(ada), marked);
  CHECK((must(load<ledger>(*store, ada)).state() == balance{"marked", 1'000'008, 0})); // one after it
}

SKALD_CONTRACT("a snapshot of an aggregate as it was loaded, and as it was saved, is the same") {
  fixture store{backend};
  auto a = must(load<ledger>(*store, ada));
  a.open("Ada");
  must(save(*store, a));
  must(save_snapshot(*store, a));
  const auto of_saved = must(store->load_snapshot(key_of(ada)))->snapshot;
  must(save_snapshot(*store, must(load<ledger>(*store, ada))));
  CHECK((must(store->load_snapshot(key_of(ada)))->snapshot == of_saved));
}

TEST_CASE("pending events never enter a snapshot, and there is none of nothing") {
  const auto store = open_memory_store();
  auto a = must(load<ledger>(*store, ada));
  CHECK(code_of(save_snapshot(*store, a)) == errc::invalid_argument);
  a.open("Ada");
  const auto refused = save_snapshot(*store, a);
  CHECK(code_of(refused) == errc::invalid_argument);
  CHECK_MESSAGE(refused.error().message.find("save them first") != std::string::npos, refused.error().message);
  must(save(*store, a));
  must(save_snapshot(*store, a));
  a.deposit(5);
  CHECK(code_of(save_snapshot(*store, a)) == errc::invalid_argument);
  CHECK(must(load<ledger>(*store, ada)).state().cents == 0);
}

TEST_CASE("a load saves a snapshot each time that so many records lie behind the last one") {
  const auto store = open_memory_store();
  const auto kept_at = [&]() -> std::uint64_t {
    const auto found = must(store->load_snapshot(key_of(ada)));
    return found ? found->snapshot.records : 0;
  };
  std::vector<std::uint64_t> kept;
  for (int i = 1; i <= 12; ++i) {
    deposit(*store, ada, 1);
    CHECK(must(load<ledger>(*store, ada, {5})).state().cents == i);
    kept.push_back(kept_at());
  }
  CHECK(kept == std::vector<std::uint64_t>{0, 0, 0, 0, 5, 5, 5, 5, 5, 10, 10, 10});
  deposit(*store, ada, 1);
  must(load<ledger>(*store, ada, never));
  must(load<ledger>(*store, ada));
  CHECK(kept_at() == 10);
  must(load<ledger>(*store, ada, always));
  CHECK(kept_at() == 13);
}

SKALD_CONTRACT("a late event behind a snapshot of an aggregate makes it fold all, and keep that") { // E.114
  for (const auto* type : {"account:opened", "unheard:of"}) {
    CAPTURE(type);
    fixture store{backend};
    deposit(*store, ada, 5);
    must(load<ledger>(*store, ada, always));
    change_state(*store, key_of(ada), marked);
    auto late = foreign(90, ada.str(), at(1), type);
    late.data = R"({"owner":"Eve"})";
    must(store->hydrate(std::span{&late, 1}));
    CHECK((must(load<ledger>(*store, ada)).state() == full_fold_of_ledger(*store, ada)));
    CHECK((must(load<ledger>(*store, ada, never)).state() == full_fold_of_ledger(*store, ada)));
    CHECK_FALSE(must(store->load_snapshot(key_of(ada)))); // removed
    must(load<ledger>(*store, ada, always));
    CHECK(must(store->load_snapshot(key_of(ada)))->snapshot.records == 2);
  }
}

namespace {

struct balance_with_note {
  std::string owner;
  std::int64_t cents = 0;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(balance_with_note, (), (owner, cents, note))

/// Has the name of `ledger` and another state.
class later_ledger : public aggregate<later_ledger, account_events, balance_with_note> {
public:
  static constexpr std::string_view name = "ledger";
  void with(const opened& e) { state_.owner = e.owner; }
  void with(const deposited& e) { state_.cents += e.cents; }
  void with(const withdrawn&) {}
  void with(const reviewed&) {}
};

/// Has the name and state of `ledger`, and counts otherwise.
class doubling_ledger : public aggregate<doubling_ledger, account_events, balance> {
public:
  static constexpr std::string_view name = "ledger";
  static constexpr std::uint32_t snapshot_version = 2;
  void with(const opened& e) { state_.owner = e.owner; }
  void with(const deposited& e) { state_.cents += 2 * e.cents; }
  void with(const withdrawn&) {}
  void with(const reviewed&) {}
};

} // namespace

SKALD_CONTRACT(
  "a snapshot of another shape, another version or another state is ignored, removed and rebuilt") { // E.116
  fixture store{backend};
  for (int i = 0; i < 3; ++i) deposit(*store, ada, 5);
  must(load<ledger>(*store, ada, always));
  const auto kept = [&] { return must(store->load_snapshot(key_of(ada))); };
  const auto first = kept()->snapshot;

  CHECK(must(load<later_ledger>(*store, ada)).state().cents == 15);
  CHECK(must(load<later_ledger>(*store, ada, never)).state().cents == 15);
  CHECK_FALSE(kept());
  must(load<later_ledger>(*store, ada, always));
  CHECK(kept()->snapshot.state == R"({"owner":"","cents":15})");
  CHECK(must(load<doubling_ledger>(*store, ada, always)).state().cents == 30);
  CHECK(kept()->snapshot.state == R"({"owner":"","cents":30,"reviews":0})");
  CHECK(must(load<ledger>(*store, ada, always)).state().cents == 15);
  CHECK((kept()->snapshot == first));

  for (const auto* state : {"{}", "null", "[1,2]", R"({"owner":"","cents":"15","reviews":0})",
                            R"({"owner":"","cents":15,"reviews":0,"more":1})"}) {
    CAPTURE(state);
    change_state(*store, key_of(ada), state);
    CHECK(must(load<ledger>(*store, ada, always)).state().cents == 15);
    CHECK((kept()->snapshot == first));
  }
}

TEST_CASE("an aggregate of which no snapshots are kept is loaded as ever") {
  const auto store = open_memory_store();
  deposit(*store, ada, 5);
  CHECK(must(load<account>(*store, ada)).cents() == 5);
  CHECK_FALSE(must(store->load_snapshot({"account", ada})));
  static_assert(!keeps_snapshots<account>);
  static_assert(keeps_snapshots<ledger>);
}

namespace {

struct reading {
  double degrees = 0;
};
struct mean {
  double sum = 0;
};
BOOST_DESCRIBE_STRUCT(reading, (), (degrees))
BOOST_DESCRIBE_STRUCT(mean, (), (sum))

class thermometer : public aggregate<thermometer, events<event<"thermometer:read", reading>>, mean> {
public:
  static constexpr std::string_view name = "thermometer";
  void with(const reading& e) { state_.sum += e.degrees; }
  void read(double degrees) { push(reading{degrees}); }
};

} // namespace

TEST_CASE("a state that has no form in JSON cannot be snapshot, says so, and is loaded all the same") {
  const auto store = open_memory_store();
  const stream_id hot{"hot"};
  auto t = must(load<thermometer>(*store, hot));
  for (int i = 0; i < 2; ++i) t.read(std::numeric_limits<double>::max());
  must(save(*store, t));
  const auto refused = save_snapshot(*store, t);
  CHECK(code_of(refused) == errc::invalid_event);
  for (const auto* words : {"thermometer", "hot", "sum"})
    CHECK_MESSAGE(refused.error().message.find(words) != std::string::npos, refused.error().message);
  CHECK(must(load<thermometer>(*store, hot, always)).state().sum == std::numeric_limits<double>::infinity());
}

SKALD_CONTRACT("posts are counted over a relation, from the beginning, from a snapshot, and from a snapshot alone") {
  // E.100 to E.102
  fixture store{backend};
  for (int i = 0; i < 5; ++i) {
    const stream_id post{"post-" + std::to_string(i)};
    append_request written{post, no_stream, {new_event{"account:opened", R"({"owner":"Ada"})"}}};
    written.relations = {relation_change::insert(posts, post)};
    must(store->append(written));
  }
  const auto reduce = [&](snapshot_every every) { return must(make_counts().reduce(*store, posts, every)); };
  CHECK((reduce({6}) == counts{5, 0}));
  CHECK_FALSE(must(store->load_snapshot({"counts", posts})));
  CHECK((reduce({5}) == counts{5, 0}));
  change_state(*store, {"counts", posts}, R"({"posts":105,"cents":0})");
  CHECK((reduce(never) == counts{105, 0})); // from it alone
  deposit(*store, stream_id{"post-3"}, 70);
  deposit(*store, stream_id{"not a post"}, 70);
  CHECK((reduce(never) == counts{105, 70}));
  must(store->append(append_request{stream_id{"post-3"}, any, {new_event{"unheard:of", "{}"}}}));
  CHECK((reduce({2}) == counts{105, 70}));
  CHECK(must(store->load_snapshot({"counts", posts}))->snapshot.records == 7); // of whatever type
}

SKALD_CONTRACT("a reducer folds a relation of more streams than a query may name, and keeps a snapshot of it") {
  fixture store{backend};
  std::vector<relation_change> changes{relation_change::insert(posts, ada)};
  for (std::size_t i = 0; i < limits::query_names; ++i)
    changes.push_back(relation_change::insert(posts, stream_id{"post-" + std::to_string(i)}));
  must(store->relate(changes));
  deposit(*store, ada, 5);
  CHECK((must(make_counts().reduce(*store, posts, always)) == counts{0, 5}));
  CHECK(must(store->load_snapshot({"counts", posts}))->holds);
  deposit(*store, stream_id{"post-7"}, 70);
  CHECK((must(make_counts().reduce(*store, posts, always)) == counts{0, 75}));
}

SKALD_CONTRACT("what a reducer makes of a query of one's own comes from no snapshot and enters none") {
  fixture store{backend};
  for (int i = 0; i < 4; ++i) deposit(*store, ada, 1 << i);
  const auto filtered = [&] {
    const auto all = read_stream(*store, ada.str());
    const auto state =
      must(make_counts().reduce(*store, stream_query{ada}.after(stream_query::cursor_of(all.front()))));
    CHECK((must(make_counts().reduce(*store, stream_query{ada}.limit(2))) == counts{0, 3}));
    CHECK((must(make_counts().reduce(*store, all_query{}.after(position{3}))) == counts{0, 8}));
    return state;
  };
  CHECK((filtered() == counts{0, 14}));
  CHECK_FALSE(must(store->load_snapshot({"counts", ada})));
  CHECK((must(make_counts().reduce(*store, ada, always)) == counts{0, 15}));
  change_state(*store, {"counts", ada}, R"({"posts":100,"cents":0})");
  const auto kept = must(store->load_snapshot({"counts", ada}))->snapshot;
  CHECK((filtered() == counts{0, 14}));
  CHECK((must(store->load_snapshot({"counts", ada}))->snapshot == kept));
}

SKALD_CONTRACT("a stream that joins or leaves a relation behind a snapshot makes the reducer fold all") { // E.115
  fixture store{backend};
  const stream_id bob{"account-bob"};
  deposit(*store, ada, 5);
  deposit(*store, bob, 7);
  const auto relate = [&](relation_change change) { must(store->relate(std::span{&change, 1})); };
  const auto cents = [&](snapshot_every every) {
    const auto state = must(make_counts().reduce(*store, posts, every));
    return state ? state->cents : -1;
  };
  relate(relation_change::insert(posts, ada));
  CHECK(cents(always) == 5);
  relate(relation_change::insert(posts, bob));
  CHECK(cents(always) == 12);
  relate(relation_change::remove(posts, ada));
  CHECK(cents(never) == 7);
  CHECK_FALSE(must(store->load_snapshot({"counts", posts})));
  relate(relation_change::remove(posts, bob));
  CHECK(cents(always) == -1);
}

SKALD_CONTRACT("a reducer that found nothing to fold remembers that, too") { // E.103
  fixture store{backend};
  must(store->append(append_request{ada, any, {new_event{"unheard:of", "{}"}, new_event{"unheard:of", "{}"}}}));
  CHECK_FALSE(must(make_counts().reduce(*store, ada, always)));
  CHECK(must(store->load_snapshot({"counts", ada}))->snapshot.state == "null");
  CHECK_FALSE(must(make_counts().reduce(*store, ada, always)));
  deposit(*store, ada, 5);
  CHECK((must(make_counts().reduce(*store, ada, always)) == counts{0, 5}));
  CHECK_FALSE(must(make_counts().reduce(*store, stream_id{"nobody"}, always)));
  CHECK_FALSE(must(make_counts().reduce(*store, relation_key{"nobody"}, always)));
}

TEST_CASE("a reducer's snapshot is of use to the same steps, types and version only") {
  const auto store = open_memory_store();
  deposit(*store, ada, 5);
  must(make_counts().reduce(*store, ada, always));
  change_state(*store, {"counts", ada}, R"({"posts":0,"cents":1005})");
  CHECK(must(make_counts().reduce(*store, ada, never))->cents == 1005);
  SUBCASE("another version") { CHECK(must(make_counts().version(2).reduce(*store, ada, never))->cents == 5); }
  SUBCASE("another type with a step") {
    const auto fewer =
      make_reducer<account_events, counts>("counts", [](counts& c, const deposited& e) { c.cents += e.cents; });
    CHECK(must(fewer.reduce(*store, ada, never))->cents == 5);
  }
  SUBCASE("another state") {
    change_state(*store, {"counts", ada}, R"({"posts":0})");
    CHECK(must(make_counts().reduce(*store, ada, never))->cents == 5);
  }
  CHECK_FALSE(must(store->load_snapshot({"counts", ada})));
}

TEST_CASE("an event that does not fit ends a fold behind a snapshot, which stays") {
  const auto store = open_memory_store();
  deposit(*store, ada, 5);
  must(make_counts().reduce(*store, ada, always));
  must(load<ledger>(*store, ada, always));
  must(store->append(append_request{ada, any, {new_event{"account:deposited", R"({"cents":"many"})"}}}));
  CHECK(code_of(make_counts().reduce(*store, ada, always)) == errc::invalid_event);
  CHECK(code_of(load<ledger>(*store, ada, always)) == errc::invalid_event);
  CHECK(must(store->load_snapshot({"counts", ada}))->snapshot.records == 1);
  CHECK(must(store->load_snapshot(key_of(ada)))->snapshot.records == 1);
}

SKALD_CONTRACT(
  "random histories: a snapshot and what comes behind it make the same state as a fold from the beginning") {
  // E.117, E.118
  std::mt19937 random{117};
  int used = 0;
  for (int history = 0; history < 12; ++history) {
    CAPTURE(history);
    fixture store{backend};
    std::uint64_t number = 0;
    const auto some_stream = [&] { return stream_id{"s" + std::to_string(random() % 3)}; };
    const auto some_event = [&] {
      ++number;
      const auto cents = "{\"cents\":" + std::to_string(random() % 100) + '}';
      switch (random() % 4) {
        case 0: return new_event{"account:opened", "{\"owner\":\"" + std::to_string(number) + "\"}", id(number)};
        case 1: return new_event{"account:withdrawn", cents, id(number)};
        case 2: return new_event{"unheard:of", "{}", id(number)};
        default: return new_event{"account:deposited", cents, id(number)};
      }
    };
    for (int step = 0; step < 80; ++step) {
      const auto of = some_stream();
      const auto every = snapshot_every{random() % 4};
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: must(store->append(append_request{of, any, {some_event(), some_event()}})); break;
        case 3: { // most of them late
          const auto e = some_event();
          auto late = foreign(number, of.str(), at(static_cast<int>(random() % 100)), e.type);
          late.data = e.data;
          must(store->hydrate(std::span{&late, 1}));
          break;
        }
        case 4: {
          const auto change =
            random() % 3 != 0 ? relation_change::insert(posts, of) : relation_change::remove(posts, of);
          must(store->relate(std::span{&change, 1}));
          break;
        }
        case 5: must(load<ledger>(*store, of, every)); break;
        case 6: must(make_counts().reduce(*store, of, every)); break;
        default: must(make_counts().reduce(*store, posts, every));
      }
      if (step == 40 && backend.persistent) store.reopen();
      for (int s = 0; s < 3; ++s) {
        const stream_id name{"s" + std::to_string(s)};
        const auto kept = must(store->load_snapshot(key_of(name)));
        used += kept && kept->holds && must(store->revision_of(name)).value > kept->snapshot.records ? 1 : 0;
        const auto a = must(load<ledger>(*store, name));
        REQUIRE((a.state() == full_fold_of_ledger(*store, name)));
        REQUIRE(a.revision() == must(store->revision_of(name)));
        REQUIRE((must(make_counts().reduce(*store, name, never)) == full_fold(*store, name)));
      }
      REQUIRE((must(make_counts().reduce(*store, posts, never)) == full_fold(*store, posts)));
    }
  }
  CHECK(used > 100); // else little was shown
}

namespace {

enum class color { red, blue };
enum class shade { red, blue, green };
BOOST_DESCRIBE_ENUM(color, red, blue)
BOOST_DESCRIBE_ENUM(shade, red, blue, green)

template <class T>
struct holder {
  T member{};
  BOOST_DESCRIBE_CLASS(holder, (), (member), (), ())
};

struct renamed {
  std::string name;
  std::int64_t cents = 0;
  int reviews = 0;
};
struct reordered {
  std::int64_t cents = 0;
  std::string owner;
  int reviews = 0;
};
struct tree {
  std::string label;
  std::vector<tree> children;
};
struct forest {
  std::string label;
  std::vector<holder<tree>> children;
};
BOOST_DESCRIBE_STRUCT(renamed, (), (name, cents, reviews))
BOOST_DESCRIBE_STRUCT(reordered, (), (cents, owner, reviews))
BOOST_DESCRIBE_STRUCT(tree, (), (label, children))
BOOST_DESCRIBE_STRUCT(forest, (), (label, children))

template <class... Ts>
std::vector<std::string> fingerprints() {
  return {detail::fingerprint<Ts>("e 1\n", 1)...};
}

} // namespace

TEST_CASE("a fingerprint tells names and types of all members, the event types and the version") {
  auto prints = fingerprints<balance, renamed, reordered, balance_with_note, counts, tree, forest, holder<tree>,
                             holder<balance>, holder<holder<balance>>, holder<int>, holder<std::int64_t>,
                             holder<unsigned>, holder<bool>, holder<double>, holder<float>, holder<std::string>,
                             holder<std::optional<int>>, holder<std::vector<int>>, holder<std::set<int>>,
                             holder<std::array<int, 2>>, holder<std::array<int, 3>>, holder<std::map<std::string, int>>,
                             holder<color>, holder<shade>, std::optional<counts>>();
  prints.push_back(detail::fingerprint<counts>("e 2\n", 1));
  prints.push_back(detail::fingerprint<counts>("e 1\n", 2));
  const std::set<std::string> different{prints.begin(), prints.end()};
  CHECK(different.size() == prints.size());
  CHECK(fingerprints<balance, tree>() == fingerprints<balance, tree>());
}

TEST_CASE("a fingerprint is the same in every build: what it is made of is stored for good") {
  std::string shape;
  detail::write_shape<forest>(shape);
  CHECK(shape == "{label:text children:list[{member:{label:text children:list[^0] } }] }");
  CHECK(detail::fingerprint<counts>("account:opened 1\n", 1) == "159cd6cf-9c73-8637-b4f4-d9c513280d40");
}
