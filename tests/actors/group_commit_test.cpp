#include <skald/actors/caf.hpp>
#include <skald/actors/reader_actor.hpp>
#include <skald/actors/store_actor.hpp>
#include <skald/actors/store_client.hpp>
#include <skald/store/memory_store.hpp>
#include <skald/store/transaction.hpp>

#include <doctest/doctest.h>
#include <tests/actors/forwarding_store.hpp>
#include <tests/store/printing.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

using namespace skald;
using namespace skald::actors;

namespace {

const event_id folded = derive_event_id({"the last record of all snapshots"});

/// A store that counts groups and can hold up or fail its commits.
class watched_store final : public forwarding_store {
public:
  watched_store() : forwarding_store{open_memory_store()} {}

  void hold() { hold_.lock(); }
  void release() { hold_.unlock(); }
  std::future<void> entered() { return entered_.get_future(); }
  std::vector<std::size_t> groups;
  std::size_t failed = 0; ///< transactions
  std::vector<std::size_t> kept; ///< snapshots, of each transaction that had some
  std::optional<error> fails;
  position head_now; ///< what a failed commit may have left behind

  // The group is seen by its requests, which all pass through here in one transaction.
  result<void> transact(const std::function<result<void>(transaction&)>& work) override {
    if (!std::exchange(was_entered_, true)) entered_.set_value();
    const std::lock_guard lock{hold_};
    if (fails) {
      ++failed;
      return *fails;
    }
    counting_transaction tx;
    auto done = work(tx);
    groups.push_back(tx.written);
    if (done && tx.kept != 0) kept.push_back(tx.kept);
    return done;
  }

  result<position> head() const override { return head_now; }

private:
  struct counting_transaction final : transaction {
    std::size_t written = 0;
    stream_head head_of(const stream_id&) override { return {}; }
    position head() override { return position{written}; }
    std::optional<known_event> find(const event_id& id) override {
      if (id != folded) return std::nullopt;
      known_event known;
      known.stored.id = id;
      return known;
    }
    bool holds_later(const stream_id&, std::string_view, timestamp) override { return false; }
    revision revision_at(const stream_id&, position) override { return {}; }
    void write(const record&) override { ++written; }
    std::optional<kept_receipt> find(const command_id&) override { return std::nullopt; }
    void keep(const command_id&, const receipt&, timestamp) override {}
    void forget_receipts(timestamp) override {}
    void relate(const relation_change&) override {}
    std::size_t kept = 0;
    void save(const snapshot&) override { ++kept; }
    void remove(const snapshot_key&) override {}
  };

  std::mutex hold_;
  std::promise<void> entered_;
  bool was_entered_ = false;
};

/// A snapshot of a relation whose last record the store knows, or does not.
snapshot a_snapshot(int number, event_id last = folded) {
  snapshot s;
  s.key = {"totals", relation_key{"k" + std::to_string(number)}};
  s.fingerprint = "shape";
  s.cursor.id = last;
  s.records = 1;
  s.state = "1";
  return s;
}

append_request deposit(int stream) {
  return {stream_id{"s" + std::to_string(stream)}, expected_revision::any(), {new_event{"t", "{}"}}};
}

/// A store actor over a watched store.
struct fixture {
  explicit fixture(std::size_t max_bytes = 1 << 20) : bytes{max_bytes, "bytes of events"} {
    store_actor writer =
      spawn<store_behavior, caf::detached>(system, store, [this](position head) { grown.push_back(head); });
    std::vector<reader_actor> readers{spawn<reader_behavior, caf::detached>(system, store)};
    client.emplace(std::move(writer), std::move(readers), bytes);
  }
  ~fixture() { client->end(); }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  /// Appends a request, and holds the store up in its commit.
  std::future<result<receipt>> append_and_hold() {
    store.hold();
    auto entered = store.entered();
    auto answer = append(0);
    entered.wait();
    return answer;
  }

  /// Holds the store up in its first commit, and appends so many requests behind that.
  std::vector<std::future<result<receipt>>> append_while_held(int more) {
    std::vector<std::future<result<receipt>>> answers;
    answers.push_back(append_and_hold());
    for (int i = 1; i <= more; ++i) answers.push_back(append(i));
    return answers;
  }

  /// What was said of the store's growth, once all that was sent before is done.
  std::vector<position> hints() {
    std::promise<void> behind;
    client->write<void>(
      [&](event_store&) {
        behind.set_value();
        return result<void>{};
      },
      promise<void>{});
    behind.get_future().wait();
    return grown;
  }

  std::future<result<receipt>> append(int stream) {
    auto place = std::make_shared<std::promise<result<receipt>>>();
    client->append(deposit(stream), promise<receipt>{[place](result<receipt> r) { place->set_value(std::move(r)); }});
    return place->get_future();
  }

  std::future<result<void>> save(snapshot s) {
    auto place = std::make_shared<std::promise<result<void>>>();
    client->save(std::move(s), promise<void>{[place](result<void> r) { place->set_value(std::move(r)); }});
    return place->get_future();
  }

  watched_store store;
  gate bytes;
  std::vector<position> grown; ///< of the store's thread
  config<caf::id_block::skald> configuration{2};
  caf::actor_system system{configuration};
  std::optional<store_client> client;
};

} // namespace

TEST_CASE("appends that wait while a commit runs become one group, each with its own answer") {
  fixture f;
  auto answers = f.append_while_held(100);
  f.store.release();
  for (auto& a : answers) CHECK(a.get());
  CHECK(f.store.groups == std::vector<std::size_t>{1, 100});
  CHECK(f.hints() == std::vector{position{1}, position{100}}); // one for a group, however many are in it
}

TEST_CASE("a failed commit is the answer to each of its requests, with its outcome") { // F.124
  fixture f;
  f.store.fails = error{errc::insertion_failed, "the disk is full", outcome::unknown};
  const auto answer = f.append(1).get();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == errc::insertion_failed);
  CHECK(answer.error().outcome == outcome::unknown);
  f.store.fails.reset();
  CHECK(f.append(1).get());
}

TEST_CASE("projections are told of what a commit may have written, where its outcome is not known") {
  fixture f;
  f.store.head_now = position{7};
  f.store.fails = error{errc::insertion_failed, "the disk is full", outcome::not_written};
  CHECK_FALSE(f.append(1).get());
  CHECK(f.hints().empty());
  f.store.fails->outcome = outcome::unknown;
  CHECK_FALSE(f.append(1).get());
  CHECK(f.hints() == std::vector{position{7}});
}

TEST_CASE("appends beyond the bytes that may wait are refused at once, and accepted again later") {
  fixture f{1000};
  auto answers = f.append_while_held(100);
  std::size_t refused = 0;
  for (auto& a : answers)
    if (a.wait_for(std::chrono::seconds{0}) == std::future_status::ready) {
      CHECK(a.get().error().code == errc::overloaded);
      ++refused;
    }
  CHECK(refused > 90);
  CHECK(refused < 101);
  f.store.release();
  for (auto& a : answers)
    if (a.valid()) CHECK(a.get());
  CHECK(f.append(1).get());
}

TEST_CASE("snapshots that wait are kept together, behind the group and its answers") {
  fixture f;
  std::vector<std::future<result<receipt>>> answers;
  answers.push_back(f.append_and_hold());
  std::vector<std::future<result<void>>> kept;
  for (int i = 0; i < 10; ++i) {
    kept.push_back(f.save(a_snapshot(i)));
    answers.push_back(f.append(i));
  }
  f.store.release();
  for (auto& a : answers) CHECK(a.get());
  for (auto& k : kept) CHECK(k.get());
  CHECK(f.store.groups == std::vector<std::size_t>{1, 10, 0}); // the appends are one group, and come first
  CHECK(f.store.kept == std::vector<std::size_t>{10});
}

TEST_CASE("a snapshot that is refused does not keep others from being kept") {
  fixture f;
  auto answer = f.append_and_hold();
  auto good = f.save(a_snapshot(1));
  auto bad = f.save(a_snapshot(2, derive_event_id({"unknown"})));
  f.store.release();
  CHECK(good.get());
  CHECK(bad.get().error().code == errc::invalid_argument);
  CHECK(answer.get());
  CHECK(f.store.kept == std::vector<std::size_t>{1});
}

TEST_CASE("snapshots are tried once where the store cannot write, for appends wait behind them") {
  fixture f;
  auto answer = f.append_and_hold();
  std::vector<std::future<result<void>>> kept;
  for (int i = 0; i < 10; ++i) kept.push_back(f.save(a_snapshot(i)));
  f.store.fails = error{errc::insertion_failed, "another process keeps the file locked"};
  f.store.release();
  CHECK_FALSE(answer.get());
  for (auto& k : kept) CHECK(k.get().error().code == errc::insertion_failed);
  CHECK(f.store.failed == 2);
}

TEST_CASE("what waits for a store actor that ends is answered") {
  std::future<result<receipt>> waiting;
  {
    fixture f;
    auto answers = f.append_while_held(1);
    waiting = std::move(answers[1]);
    f.client->end();
    f.store.release();
    CHECK(answers[0].get());
  }
  const auto answer = waiting.get();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == errc::broken_promise);
  CHECK(answer.error().outcome == outcome::unknown);
}
