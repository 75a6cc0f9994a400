#include <sqlite3.h>
#include <tests/actors/running.hpp>
#include <tests/store/faulty_disk.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace running;

namespace {

/// A deposit into one account, as a command to its aggregate, or into several, as a request with a command id. Its
/// amount is its own, by which its events are known.
struct operation {
  std::int64_t cents = 0;
  std::vector<stream_id> streams;
  bool by_request = false;
  int done = 0; ///< how often it was acknowledged
  bool unknown = false; ///< once, and not acknowledged since
  bool there = false; ///< its events are in the store
  receipt first; ///< that was answered
};

struct random_run {
  explicit random_run(unsigned seed) : dice{seed} {}

  std::uint32_t roll(std::uint32_t sides) { return static_cast<std::uint32_t>(dice() % sides); }

  operation invent() {
    operation op;
    op.cents = static_cast<std::int64_t>(operations.size()) + 1;
    op.by_request = roll(2) == 0;
    const auto first = roll(5);
    const auto count = op.by_request ? 1 + roll(3) : 1;
    for (std::uint32_t i = 0; i < count; ++i) op.streams.emplace_back("account-" + std::to_string((first + i) % 5));
    return op;
  }

  /// Has a disk that fails at some call, or does not fail.
  bool arm() {
    if (roll(3) == 0) return false;
    constexpr unsigned calls[] = {test::write_log, test::sync_log, test::all_disk_calls};
    const auto which = calls[roll(3)];
    const int code = which == test::write_log && roll(2) == 0 ? SQLITE_FULL : 0; // no other call tells that
    const int call = 1 + static_cast<int>(roll(60));
    disk.fail({which, code, call, roll(2) == 0});
    return true;
  }

  // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive it
  task<receipt> perform(node& n, aggregates<account> all, operation& op) {
    receipt answer;
    try {
      if (op.by_request) {
        append_request request;
        request.command = command_id{"command-" + std::to_string(op.cents)};
        for (const auto& stream : op.streams) {
          const new_event event{"account:deposited", "{\"cents\":" + std::to_string(op.cents) + "}"};
          request.streams.emplace_back(stream, expected_revision::any(), std::vector{event});
        }
        answer = co_await n.append(std::move(request));
      } else {
        const auto deposit = [cents = op.cents](account& a) { a.deposit(cents); };
        answer = co_await all.execute(op.streams.front(), deposit);
      }
    } catch (const failure& why) {
      CAPTURE(why.error().message);
      CHECK((why.code() == errc::insertion_failed || why.code() == errc::read_only));
      CHECK_FALSE((op.done != 0 && !op.by_request));
      op.unknown = op.unknown || why.error().outcome == outcome::unknown;
      throw;
    }
    if (op.done++ == 0) op.first = answer;
    CHECK(answer == op.first);
    op.unknown = false;
    co_return answer;
  }

  /// What may be done now: something new, or a request once more, whatever became of it.
  void choose() {
    chosen.clear();
    for (int i = 0; i < 20; ++i) operations.push_back(invent());
    for (auto& op : operations)
      if (&op >= &operations[operations.size() - 20] || (op.by_request && roll(4) == 0)) chosen.push_back(&op);
    for (std::size_t i = chosen.size(); i > 1; --i)
      std::swap(chosen[i - 1], chosen[roll(static_cast<std::uint32_t>(i))]);
  }

  void live(bool may_fail) {
    ++round;
    choose();
    bool armed = false;
    bool ended = false;
    {
      node n{{.store = url, .on_error = [](const error&, const record*) {}}};
      auto all = n.aggregates<account>();
      auto p = n.projector("p", {.fresh_from = position{}});
      std::map<stream_id, revision> last;
      p.once<deposited>([&](record_of<deposited> r) -> task<void> {
        const auto& at = r.record();
        CHECK(at.revision > last[at.stream]);
        last[at.stream] = at.revision;
        CHECK(delivered[at.position].insert(round).second);
        amounts[at.position] = r->cents;
        if (at.position.value % 3 == 0) co_await turn();
      });
      const auto status = n.run([&]() -> task<void> {
        armed = may_fail && arm();
        std::vector<task<receipt>> tasks;
        for (auto* op : chosen) tasks.push_back(perform(n, all, *op));
        (void)co_await all_of(std::move(tasks));
        for (int i = 0; i < 5; ++i) {
          const stream_id stream{"account-" + std::to_string(i)};
          std::int64_t stored = 0;
          for (const auto& r : (co_await n.read(stream_query{stream})).records)
            stored += decode<event<"account:deposited", deposited>>(r).value().cents;
          CHECK((co_await all.get(stream)).cents() == stored);
        }
        const auto reached = co_await error_of(p.reached(co_await n.head()));
        if (!armed) CHECK(reached.message.empty());
        ended = true;
      });
      CHECK(ended);
      if (!armed) CHECK(status == 0);
    }
    const bool failed = armed && disk.failed() != 0;
    disk.repair();
    if (!failed) clean.insert(round);
    look();
  }

  /// Holds what is in the store against what callers were told, and what was delivered.
  void look() {
    const auto store = open_sqlite_store(folder.path() / "a.db").value();
    CHECK(store->verify().value().problems.empty());
    std::map<std::int64_t, std::multiset<stream_id>> found;
    position head;
    const auto read = for_each(*store, all_query{}, [&](const record& r) {
      const auto cents = decode<event<"account:deposited", deposited>>(r).value().cents;
      found[cents].insert(r.stream);
      head = r.position;
      if (const auto known = amounts.find(r.position); known != amounts.end()) CHECK(known->second == cents);
    });
    REQUIRE(read);
    for (auto& op : operations) {
      CAPTURE(op.cents);
      const auto& streams = found[op.cents];
      if (!streams.empty()) CHECK(streams == std::multiset<stream_id>(op.streams.begin(), op.streams.end()));
      const bool there = !streams.empty();
      if (op.done != 0 || op.there) CHECK(there);
      if (op.done == 0 && !op.unknown) CHECK_FALSE(there);
      op.there = there;
    }
    if (clean.contains(round)) CHECK(delivered.size() == head.value);
    CHECK((delivered.empty() || delivered.rbegin()->first <= head));
    for (const auto& [at, rounds] : delivered) {
      CAPTURE(at.value);
      const auto lasting = std::ranges::find_if(rounds, [&](int r) { return clean.contains(r); });
      CHECK((lasting == rounds.end() || *lasting == *rounds.rbegin())); // not once more
    }
  }

  std::mt19937 dice;
  test::temporary_folder folder;
  test::faulty_disk disk;
  const std::string url = "sqlite:" + (folder.path() / "a.db").string();
  std::vector<operation> operations;
  std::vector<operation*> chosen;
  int round = 0;
  std::set<int> clean; ///< rounds in which nothing failed
  std::map<position, std::set<int>> delivered; ///< in which rounds
  std::map<position, std::int64_t> amounts;
};

} // namespace

TEST_CASE(
  "random faults of the disk: callers hear what is true, and each event is projected, once where it can be known") {
  const char* asked = std::getenv("SKALD_FAULT_SEEDS");
  const auto seeds = asked ? std::strtoul(asked, nullptr, 10) : 3;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    random_run run{seed};
    for (int i = 0; i < 8; ++i) run.live(true);
    run.live(false);
  }
}
