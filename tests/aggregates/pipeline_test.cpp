#include <skald/aggregates/pipeline.hpp>

#include <skald/aggregates/repository.hpp>
#include <skald/store/memory_store.hpp>

#include <doctest/doctest.h>
#include <tests/accounts.hpp>
#include <tests/store/printing.hpp>

#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace accounts;
using namespace skald;

namespace {

/// An aggregate that fails where it must not.
class touchy : public aggregate<touchy, account_events> {
public:
  static constexpr std::string_view name = "touchy";

  void with(const opened&) {}
  void with(const deposited& e) {
    cents_ += e.cents;
    if (e.cents < 0) throw std::runtime_error{"with must not fail"};
  }
  void with(const withdrawn&) {}
  void with(const reviewed&) {}

  void add(std::int64_t cents) { push(deposited{cents}); }
  [[nodiscard]] std::int64_t cents() const { return cents_; }

private:
  std::int64_t cents_ = 0;
};

/// A pipeline over a real store, whose answers come when the test says so.
class bench {
public:
  explicit bench(const char* stream = "account-ada") : stream_{stream} {}

  void command(std::function<void(account&)> decide) {
    const auto index = answers.size();
    answers.emplace_back();
    pipe.submit([decide](any_aggregate& a) { decide(*static_cast<account*>(a.object())); },
                [this, index](result<receipt> r) { answers[index].push_back(std::move(r)); });
    collect();
  }

  /// Serves loads, and takes appends out of the pipeline.
  void collect() {
    if (pipe.take_load()) {
      ++loads;
      const auto read = for_each(*store, stream_query{stream_}, [&](const record& r) { pipe.fold(r); });
      pipe.loaded(load_error ? result<void>{*load_error} : read);
    }
    while (auto a = pipe.take_append()) sent.push_back(std::move(*a));
  }

  /// Answers the append that was sent n-th and is not answered yet.
  void serve(std::size_t n = 0) {
    auto action = std::move(sent[n]);
    sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(n));
    pipe.appended(action.ticket, store->append(action.request));
    collect();
  }

  void fail(const error& why) {
    const auto action = std::move(sent.front());
    sent.erase(sent.begin());
    pipe.appended(action.ticket, why);
    collect();
  }

  void serve_all() {
    while (!sent.empty()) serve();
  }

  [[nodiscard]] std::int64_t stored_cents() const { return load<account>(*store, stream_)->cents(); }

  std::unique_ptr<event_store> store = open_memory_store();
  std::optional<error> load_error;
  int loads = 0;
  std::vector<pipeline::append_action> sent;
  std::vector<std::vector<result<receipt>>> answers; ///< of each command: one, in the end

private:
  stream_id stream_;

public:
  pipeline pipe{stream_, &make_any_aggregate<account>};
};

void somebody_deposits(bench& b, std::int64_t cents) {
  auto other = load<account>(*b.store, stream_id{"account-ada"}).value();
  other.deposit(cents);
  REQUIRE(save(*b.store, other));
}

} // namespace

TEST_CASE("a cold pipeline loads its stream before the first command, and only then") {
  bench b;
  somebody_deposits(b, 10);
  std::int64_t seen = 0;
  b.command([&](account& a) { seen = a.cents(); });
  b.command([&](account& a) { a.deposit(1); });
  CHECK(seen == 10);
  CHECK(b.loads == 1);
}

TEST_CASE("the next command decides on what the one before will have made, while its append is in flight") {
  bench b;
  b.command([](account& a) { a.deposit(100); });
  b.command([](account& a) { a.withdraw(60); });
  b.command([](account& a) { a.withdraw(60); });
  REQUIRE(b.sent.size() == 2);
  CHECK(b.sent[1].request.after == b.sent[0].request.streams[0].events[0].id);
  for (const auto& answer : b.answers) CHECK(answer.empty()); // a refusal too rests on what is not durable yet
  b.serve_all();
  CHECK(b.answers[0].at(0));
  CHECK(b.answers[1].at(0));
  REQUIRE(b.answers[2].size() == 1);
  CHECK(b.answers[2][0].error().code == errc::rejected);
  CHECK(b.answers[2][0].error().message == "there is less on the account");
  CHECK(b.stored_cents() == 40);
}

TEST_CASE("a command without events is answered when what it has seen is durable") {
  bench b;
  b.command([](account& a) { a.deposit(100); });
  b.command([](account&) {});
  CHECK(b.answers[1].empty());
  b.serve();
  REQUIRE(b.answers[1].size() == 1);
  CHECK(b.answers[1][0].value().revisions == std::vector{revision{1}});
}

TEST_CASE("when somebody else was faster, everything decided on the old state decides again") {
  bench b;
  b.command([](account& a) { a.deposit(1); });
  b.serve_all();
  b.command([](account& a) { a.withdraw(a.cents()); });
  b.command([](account& a) { a.deposit(5); });
  somebody_deposits(b, 10);
  b.serve_all();
  CHECK(b.loads == 2);
  for (const auto& answer : b.answers) {
    REQUIRE(answer.size() == 1);
    CHECK(answer[0]);
  }
  CHECK(b.stored_cents() == 5); // all 11 were withdrawn
}

TEST_CASE("an append does not go through when the one it rests on did not, even where the revision happens to fit") {
  bench b;
  b.command([](account& a) { a.deposit(100); });
  b.command([](account& a) { a.withdraw(100); });
  somebody_deposits(b, 1); // the stream is now where the second append expects it
  REQUIRE(b.sent.size() == 2);
  b.serve(1);
  CHECK(b.stored_cents() == 1);
  b.serve_all();
  CHECK(b.answers[0].at(0));
  CHECK(b.answers[1].at(0));
  CHECK(b.stored_cents() == 1);
}

TEST_CASE("answers of the store may come in any order") {
  bench b;
  b.command([](account& a) { a.deposit(1); });
  b.command([](account& a) { a.deposit(2); });
  REQUIRE(b.sent.size() == 2);
  const auto second = std::move(b.sent[1]);
  b.sent.pop_back();
  b.serve(); // the store has both, the pipeline hears of the second one first
  auto answer = b.store->append(second.request);
  CHECK(b.answers[1].empty());
  b.pipe.appended(second.ticket, std::move(answer));
  CHECK(b.answers[1].size() == 1);
}

TEST_CASE("a command that is overtaken again and again gives up after a bounded number of attempts") {
  bench b;
  b.command([](account& a) { a.withdraw(0); });
  unsigned attempts = 0;
  for (; !b.sent.empty() && attempts < 1000; ++attempts) {
    somebody_deposits(b, 1);
    b.serve();
  }
  CHECK(attempts == pipeline::max_attempts);
  REQUIRE(b.answers[0].size() == 1);
  CHECK(b.answers[0][0].error().code == errc::wrong_expected_revision);
  CHECK(b.pipe.idle());
}

TEST_CASE("an append that fails is told to its command, and the ones behind it decide on what is true") {
  bench b;
  b.command([](account& a) { a.deposit(100); });
  b.command([](account& a) { a.deposit(a.cents()); });
  b.fail(error{errc::insertion_failed, "the disk is full"});
  REQUIRE(b.answers[0].size() == 1);
  CHECK(b.answers[0][0].error().code == errc::insertion_failed);
  b.serve_all();
  REQUIRE(b.answers[1].size() == 1);
  CHECK(b.answers[1][0]);
  CHECK(b.stored_cents() == 0);
}

TEST_CASE("what was written although its predecessor's outcome is unknown is not done twice") {
  bench b;
  b.command([](account& a) { a.deposit(100); });
  b.command([](account& a) { a.deposit(10); });
  const auto first = std::move(b.sent[0]);
  const auto second = std::move(b.sent[1]);
  b.sent.clear();
  REQUIRE(b.store->append(first.request)); // it was written, but nobody says so
  b.pipe.appended(second.ticket, b.store->append(second.request));
  b.pipe.appended(first.ticket, error{errc::insertion_failed, "lost", outcome::unknown});
  b.collect();
  b.serve_all();
  CHECK(b.answers[0].at(0).error().outcome == outcome::unknown);
  CHECK(b.answers[1].at(0));
  CHECK(b.stored_cents() == 110);
}

TEST_CASE("a command that is refused after it has pushed leaves no trace") {
  bench b;
  b.command([](account& a) {
    a.deposit(100);
    throw rejected{"changed my mind"};
  });
  b.command([](account& a) { a.deposit(a.cents() + 1); });
  b.serve_all();
  CHECK(b.answers[0].at(0).error().message == "changed my mind");
  CHECK(b.answers[1].at(0));
  CHECK(b.stored_cents() == 1);
}

TEST_CASE("a state that an event has left half changed is dropped, and saves nothing") {
  constexpr auto spoil = [](touchy& a) { a.add(-1); };
  pipeline pipe{stream_id{"s"}, &make_any_aggregate<touchy>};
  std::vector<result<receipt>> answers;
  const auto command = [&](const std::function<void(touchy&)>& f) {
    pipe.submit([f](any_aggregate& a) { f(*static_cast<touchy*>(a.object())); },
                [&](result<receipt> r) { answers.push_back(std::move(r)); });
    if (pipe.take_load()) pipe.loaded({});
  };
  std::int64_t seen = -1;
  command(spoil);
  command([&](touchy& a) { seen = a.cents(); });
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].error().message == "with must not fail");
  CHECK(answers[1]);
  CHECK(seen == 0);

  const auto store = open_memory_store();
  auto a = load<touchy>(*store, stream_id{"s"}).value();
  CHECK_THROWS(spoil(a));
  a.add(1);
  CHECK(save(*store, a).error().code == errc::wrong_expected_revision);
}

TEST_CASE("whatever a command throws is an answer") {
  bench b;
  b.command([](account&) { throw std::runtime_error{"oops"}; });
  b.command([](account&) { throw 42; });
  CHECK(b.answers[0].at(0).error().code == errc::rejected);
  CHECK(b.answers[0].at(0).error().message == "oops");
  CHECK(b.answers[1].at(0).error().code == errc::rejected);
}

TEST_CASE("a stream that cannot be read is told to all that wait, and is tried again for the next command") {
  bench b;
  b.load_error = error{errc::read_failed, "no disk"};
  b.command([](account& a) { a.deposit(1); });
  CHECK(b.answers[0].at(0).error().code == errc::read_failed);
  b.load_error.reset();
  b.command([](account& a) { a.deposit(1); });
  b.serve_all();
  CHECK(b.answers[1].at(0));
}

TEST_CASE("a stale pipeline loads again before the next command decides") {
  bench b;
  b.command([](account& a) { a.deposit(1); });
  b.serve_all();
  somebody_deposits(b, 10);
  std::int64_t seen = 0;
  b.pipe.mark_stale(revision{1}); // which it has folded
  b.command([&](account& a) { seen = a.cents(); });
  CHECK(seen == 1);
  b.pipe.mark_stale(revision{2});
  b.command([&](account& a) { seen = a.cents(); });
  CHECK(seen == 11);
}

TEST_CASE("no more appends are in flight than the limit") {
  bench b;
  for (std::size_t i = 0; i < pipeline::max_in_flight + 10; ++i) b.command([](account& a) { a.deposit(1); });
  CHECK(b.sent.size() == pipeline::max_in_flight);
  b.serve();
  CHECK(b.sent.size() == pipeline::max_in_flight);
  b.serve_all();
  CHECK(b.stored_cents() == pipeline::max_in_flight + 10);
  CHECK(b.pipe.idle());
}

TEST_CASE("random interleavings: every command is answered once and the account is the sum of what was acknowledged") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto dice = [&](unsigned sides) { return random() % sides == 0; };
    bench b;
    std::map<std::size_t, std::int64_t> deposits;
    std::int64_t others = 0;
    for (int step = 0; step < 60; ++step) {
      if (dice(2)) {
        const auto cents = static_cast<std::int64_t>(random() % 50);
        deposits[b.answers.size()] = cents;
        const bool refuses = dice(5);
        b.command([cents, refuses](account& a) {
          a.deposit(cents);
          if (refuses) throw rejected{"no"};
        });
      }
      if (dice(6)) {
        somebody_deposits(b, 1);
        ++others;
      }
      if (dice(9)) b.pipe.mark_stale(revision{UINT64_MAX});
      b.collect();
      if (!b.sent.empty() && dice(2)) b.serve(random() % b.sent.size());
      if (!b.sent.empty() && dice(12)) b.fail(error{errc::insertion_failed, "no"});
    }
    while (!b.pipe.idle()) {
      b.collect();
      if (!b.sent.empty()) b.serve(random() % b.sent.size());
    }
    auto expected = others;
    for (std::size_t i = 0; i < b.answers.size(); ++i) {
      REQUIRE(b.answers[i].size() == 1);
      if (b.answers[i][0]) expected += deposits[i];
    }
    CHECK(b.stored_cents() == expected);
  }
}

namespace {

/// A pipeline of an aggregate that is kept in snapshots, with one due after every second event.
struct snapshot_bench {
  const stream_id stream{"ledger-ada"};
  std::unique_ptr<event_store> store = open_memory_store();
  pipeline pipe{stream, &make_any_aggregate<ledger>, {2}};
  std::vector<pipeline::append_action> sent;
  std::vector<result<receipt>> answers;
  std::vector<std::uint64_t> kept; ///< how many records each snapshot holds that was due
  std::size_t read = 0;            ///< records of the last load

  void deposit(std::int64_t cents) {
    pipe.submit([cents](any_aggregate& a) { static_cast<ledger*>(a.object())->deposit(cents); },
                [this](result<receipt> r) { answers.push_back(std::move(r)); });
    collect();
  }

  std::int64_t cents() {
    std::int64_t seen = -1;
    pipe.submit([&](any_aggregate& a) { seen = static_cast<ledger*>(a.object())->state().cents; }, [](auto) {});
    collect();
    return seen;
  }

  void collect() {
    if (const auto action = pipe.take_load()) {
      stream_query rest{stream};
      if (const auto found = store->load_snapshot(action->snapshot.value()).value(); found && pipe.restore(*found))
        rest.after(found->snapshot.cursor);
      read = 0;
      pipe.loaded(for_each(*store, rest, [&](const record& r) {
        ++read;
        pipe.fold(r);
      }));
    }
    while (auto a = pipe.take_append()) sent.push_back(std::move(*a));
    if (const auto copy = pipe.take_snapshot()) {
      const auto made = copy().value();
      REQUIRE(store->save_snapshots(std::span{&made, 1}));
      kept.push_back(made.records);
    }
  }

  void serve() {
    const auto action = std::move(sent.front());
    sent.erase(sent.begin());
    pipe.appended(action.ticket, store->append(action.request));
    collect();
  }

  void somebody_deposits(std::int64_t amount) {
    auto other = load<ledger>(*store, stream).value();
    other.deposit(amount);
    REQUIRE(save(*store, other));
  }
};

} // namespace

TEST_CASE("a snapshot is due each time that so many events are durable, and holds nothing that is not") {
  snapshot_bench b;
  for (int i = 0; i < 5; ++i) b.deposit(1);
  REQUIRE(b.sent.size() == 5);
  b.serve();
  CHECK(b.kept.empty());
  b.serve();
  CHECK(b.kept == std::vector<std::uint64_t>{2}); // while three more are in flight
  CHECK(b.store->load_snapshot({"ledger", b.stream}).value()->snapshot.state ==
        R"({"owner":"","cents":2,"reviews":0})");
  while (!b.sent.empty()) b.serve();
  CHECK(b.kept == std::vector<std::uint64_t>{2, 4});
  CHECK(b.answers.size() == 5);
}

TEST_CASE("a cold pipeline begins with its snapshot, reads what lies behind it, and counts from there") {
  snapshot_bench b;
  for (int i = 0; i < 5; ++i) b.somebody_deposits(1);
  CHECK(b.cents() == 5);
  CHECK(b.read == 5);
  CHECK(b.kept == std::vector<std::uint64_t>{5}); // at once, for the next cold start
  b.somebody_deposits(10);
  b.pipe.mark_stale(revision{6});
  CHECK(b.cents() == 15);
  CHECK(b.read == 1);
  CHECK(b.kept.size() == 1);
  b.deposit(100);
  b.serve();
  CHECK(b.kept == std::vector<std::uint64_t>{5, 7});
}

TEST_CASE("a decision that falls takes its snapshot along") {
  snapshot_bench b;
  b.deposit(1);
  b.deposit(2); // with which a snapshot is due
  SUBCASE("refused for good") {
    const auto first = std::move(b.sent[0]);
    const auto second = std::move(b.sent[1]);
    b.sent.clear();
    b.pipe.appended(first.ticket, b.store->append(first.request));
    b.pipe.appended(second.ticket, error{errc::insertion_failed, "no"});
    b.collect();
    CHECK(b.kept.empty());
    CHECK(b.cents() == 1);
  }
  SUBCASE("overtaken, and decided anew") {
    b.somebody_deposits(10);
    while (!b.sent.empty()) b.serve();
    CHECK(b.kept == std::vector<std::uint64_t>{2}); // of the first one, behind the other's
    CHECK(b.store->load_snapshot({"ledger", b.stream}).value()->holds);
    CHECK(b.cents() == 13);
  }
}

TEST_CASE("a snapshot that a late event has overtaken is of no use to a pipeline") {
  snapshot_bench b;
  b.deposit(1);
  b.deposit(2);
  while (!b.sent.empty()) b.serve();
  REQUIRE(b.kept == std::vector<std::uint64_t>{2});
  record late;
  late.id = make_event_id();
  late.stream = b.stream;
  late.type = "account:deposited";
  late.data = R"({"cents":40})";
  late.created = timestamp::parse("2001-01-01T00:00:00Z").value();
  REQUIRE(b.store->hydrate(std::span{&late, 1}));
  b.pipe.mark_stale(revision{3});
  CHECK(b.cents() == 43);
  CHECK(b.read == 3);
}

TEST_CASE("a pipeline of an aggregate of which no snapshots are kept asks for none") {
  bench b;
  for (int i = 0; i < 300; ++i) b.command([](account& a) { a.deposit(1); });
  b.serve_all();
  CHECK_FALSE(b.pipe.take_snapshot());
}

TEST_CASE("an append falls with the one it rests on although that one's event is in the store, elsewhere") {
  bench b;
  const origin imported{derive_event_id({"an import"})};
  b.command([&](account& a) { a.deposit(100, imported); });
  b.serve_all();
  b.command([&](account& a) { a.deposit(100, imported); }); // the same event again: refused by the store
  b.command([](account& a) { a.withdraw(150); });
  REQUIRE(b.sent.size() == 2);
  somebody_deposits(b, 1); // the stream is now where the second append expects it
  b.serve_all();
  CHECK(b.answers[2].at(0).error().code == errc::rejected);
  CHECK(b.stored_cents() == 101);
}
