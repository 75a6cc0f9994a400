#include <skald/aggregates/repository.hpp>

#include <tests/actors/running.hpp>

#include <functional>
#include <limits>

using namespace running;

namespace {

const snapshot_key of_ada{"ledger", ada};

/// Lets what the aggregate does in the background come to its end: it has sent it, and the store has had two turns.
task<void> quiet(std::reference_wrapper<node> n, aggregates<ledger> all) {
  co_await all.get(ada);
  for (int i = 0; i < 2; ++i) co_await n.get().relate({});
}

/// A file with a store that nodes run on one after the other.
struct kept_file {
  test::temporary_folder folder;
  std::filesystem::path file = folder.path() / "a.db";

  [[nodiscard]] node_options options() const { return {.store = "sqlite:" + file.string()}; }
  [[nodiscard]] std::unique_ptr<event_store> open() const { return open_sqlite_store(file).value(); }

  [[nodiscard]] std::optional<stored_snapshot> kept() const { return open()->load_snapshot(of_ada).value(); }

  /// Puts another state into the snapshot, to tell who uses it.
  void mark() const {
    const auto store = open();
    auto found = store->load_snapshot(of_ada).value();
    REQUIRE(found);
    found->snapshot.state = R"({"owner":"marked","cents":1000000,"reviews":0})";
    REQUIRE(store->save_snapshots(std::span{&found->snapshot, 1}));
  }

  /// Deposits so many cents one by one, on a node of its own.
  void deposit(int times, snapshot_every every) const {
    node n{options()};
    auto all = n.aggregates<ledger>(every);
    run(n, [&]() -> task<void> {
      for (int i = 0; i < times; ++i) co_await all.execute(ada, [](ledger& a) { a.deposit(1); });
      co_await quiet(n, all);
    });
  }

  /// The state that a node which starts cold folds.
  [[nodiscard]] balance cold(snapshot_every every = {0}) const {
    node n{options()};
    auto all = n.aggregates<ledger>(every);
    balance seen;
    run(n, [&]() -> task<void> {
      seen = (co_await all.get(ada)).state();
      co_await quiet(n, all);
    });
    return seen;
  }
};

/// An event of history, from before everything else.
std::vector<record> an_early_deposit() {
  record r;
  r.id = make_event_id();
  r.stream = ada;
  r.type = "account:deposited";
  r.data = R"({"cents":40})";
  r.created = timestamp::parse("2001-01-01T00:00:00Z").value();
  return {r};
}

} // namespace

TEST_CASE("an aggregate saves a snapshot each time that so many events are stored, and starts cold from the last one") {
  const kept_file f;
  f.deposit(23, {10});
  REQUIRE(f.kept());
  CHECK(f.kept()->holds);
  CHECK(f.kept()->snapshot.records == 20);
  CHECK(f.kept()->snapshot.state == R"({"owner":"","cents":20,"reviews":0})");
  CHECK(f.cold().cents == 23);
  f.mark();
  CHECK((f.cold() == balance{"marked", 1'000'003, 0}));
  f.deposit(7, {10}); // at the right revisions
  CHECK(f.kept()->snapshot.records == 30);
}

TEST_CASE("an aggregate that is told to save none saves none, and one of another shape removes what it finds") {
  const kept_file f;
  f.deposit(30, {0});
  CHECK_FALSE(f.kept());
  CHECK(f.cold({30}).cents == 30); // a cold start with a long way, which is kept at once
  REQUIRE(f.kept());
  {
    const auto store = f.open();
    auto other = f.kept()->snapshot;
    other.fingerprint = "another";
    REQUIRE(store->save_snapshots(std::span{&other, 1}));
  }
  CHECK(f.cold({31}).cents == 30);
  CHECK_FALSE(f.kept());
}

TEST_CASE("an event of history that comes behind a snapshot makes an aggregate fold all of its stream") {
  const kept_file f;
  f.deposit(10, {10});
  f.mark();
  {
    node n{f.options()};
    auto all = n.aggregates<ledger>({1000});
    run(n, [&]() -> task<void> {
      CHECK((co_await all.get(ada)).state().cents == 1'000'000);
      co_await n.hydrate(an_early_deposit());
      const auto seen = co_await all.get(ada);
      CHECK((seen.state() == balance{"", 50, 0}));
      CHECK(seen.revision() == revision{11});
      co_await all.execute(ada, [](ledger& a) { a.deposit(1); });
      co_await quiet(n, all);
    });
  }
  CHECK_FALSE(f.kept());
  CHECK(f.cold({12}).cents == 51);
  CHECK(f.kept()->holds);
}

TEST_CASE("what is appended past an aggregate, behind its snapshot, is folded behind it") {
  const kept_file f;
  f.deposit(10, {10});
  f.mark();
  node n{f.options()};
  auto all = n.aggregates<ledger>({1000});
  run(n, [&]() -> task<void> {
    CHECK((co_await all.get(ada)).state().cents == 1'000'000);
    append_request past{ada, expected_revision::any(), {new_event{"account:deposited", R"({"cents":10})"}}};
    co_await n.append(std::move(past));
    CHECK((co_await all.get(ada)).state().cents == 1'000'010);
  });
}

TEST_CASE("many streams that come and go with snapshots are the sum of what was acknowledged") {
  const kept_file f;
  auto options = f.options();
  options.max_live_aggregates = 3;
  node n{options};
  auto all = n.aggregates<ledger>({4});
  run(n, [&]() -> task<void> {
    std::vector<task<receipt>> tasks;
    for (int i = 0; i < 400; ++i)
      tasks.push_back(all.execute(stream_id{"account-" + std::to_string(i % 7)}, [](ledger& a) { a.deposit(1); }));
    for (const auto& e : co_await all_of(std::move(tasks))) CHECK(e == error{});
    std::int64_t sum = 0;
    for (int i = 0; i < 7; ++i) sum += (co_await all.get(stream_id{"account-" + std::to_string(i)})).state().cents;
    CHECK(sum == 400);
  });
}

namespace {

struct reading {
  double degrees = 0;
};
struct total {
  double degrees = 0;
};
BOOST_DESCRIBE_STRUCT(reading, (), (degrees))
BOOST_DESCRIBE_STRUCT(total, (), (degrees))

class thermometer : public aggregate<thermometer, skald::events<event<"thermometer:read", reading>>, total> {
public:
  static constexpr std::string_view name = "thermometer";
  void with(const reading& e) { state_.degrees += e.degrees; }
  void read(double degrees) { push(reading{degrees}); }
};

} // namespace

TEST_CASE("a state that cannot be kept is told to on_error, and is no failure of the node") {
  std::vector<std::string> told;
  node n{{.on_error = [&](const error& why, const record*) { told.push_back(why.message); }}};
  auto all = n.aggregates<thermometer>({2});
  run(n, [&]() -> task<void> { // which checks the status
    for (int i = 0; i < 2; ++i)
      co_await all.execute(ada, [](thermometer& t) { t.read(std::numeric_limits<double>::max()); });
    CHECK((co_await all.get(ada)).state().degrees == std::numeric_limits<double>::infinity()); // behind it
  });
  REQUIRE(told.size() == 1);
  for (const auto* words : {"thermometer", "account-ada", "degrees"})
    CHECK_MESSAGE(told[0].find(words) != std::string::npos, told[0]);
}
