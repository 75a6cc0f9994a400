#include <tests/actors/running.hpp>
#include <tests/store/child_process.hpp>

#include <cstdint>
#include <map>

using namespace running;

namespace {

/// How often a projection got each event, by position.
using counts = std::map<std::uint64_t, int>;

template <class Backend>
node_options on(const Backend& place) {
  return {.store = place.url(), .poll = std::chrono::milliseconds{1}};
}

void count_deposits(projector& p, counts& seen) {
  p.once<deposited>([&seen](record_of<deposited> r) -> task<void> {
    ++seen[r.record().position.value];
    co_return;
  });
}

// What awaits is no template: g++ 12 does not know the type of a co_await that depends on one.

void decide_anew(node_options options, event_store& other) {
  options.poll = std::chrono::milliseconds::max(); // it does not hear of it
  node n{std::move(options)};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    co_await all.execute(ada, [](account& a) { a.deposit(1); });
    const new_event theirs{"account:deposited", R"({"cents":10})"};
    test::must(other.append(append_request{ada, expected_revision::any(), {theirs}}));
    std::vector<std::int64_t> found;
    const auto deposit_all = [&found](account& a) {
      found.push_back(a.cents());
      a.deposit(a.cents());
    };
    const auto receipt = co_await all.execute(ada, deposit_all);
    CHECK(receipt.revisions == std::vector{revision{3}});
    CHECK(found == std::vector<std::int64_t>{1, 11});
    CHECK((co_await all.get(ada)).cents() == 22);
  });
}

void hear_of_others(node_options options, event_store& other) {
  node n{std::move(options)};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    CHECK((co_await error_of(all.execute(ada, [](account& a) { a.withdraw(10); }))).code == errc::rejected);
    const new_event theirs{"account:deposited", R"({"cents":10})"};
    test::must(other.append(append_request{ada, expected_revision::any(), {theirs}}));
    while ((co_await all.get(ada)).cents() == 0) co_await turn(); // for ever, where nobody tells it
    co_await all.execute(ada, [](account& a) { a.withdraw(10); });
  });
}

} // namespace

SKALD_PERSISTENT("the projections of two processes on one store see each other's events, each once") {
  constexpr int each = 100;
  Backend place;
  // Both deposit on one account and on one of their own, and wait until all of it was projected.
  const auto half = [&](const char* name, const stream_id& own) {
    node n{on(place)};
    auto all = n.aggregates<account>();
    auto p = n.projector(name, {.fresh_from = position{}});
    counts seen;
    count_deposits(p, seen);
    const auto status = n.run([&]() -> task<void> {
      for (int i = 0; i < each; ++i) {
        co_await all.execute(ada, [](account& a) { a.deposit(1); });
        co_await all.execute(own, [](account& a) { a.deposit(1); });
      }
      co_await p.reached(position{4 * each});
    });
    bool right = status == 0 && seen.size() == 4 * each;
    for (const auto& [at, times] : seen) right = right && times == 1;
    return right ? 0 : 1;
  };
  test::child_process other{[&] { return half("there", bob); }};
  CHECK(half("here", stream_id{"account-eve"}) == 0);
  CHECK(other.wait() == 0);
}

SKALD_PERSISTENT("an aggregate decides anew on what another process has appended to its stream") {
  Backend place;
  const auto other = place.open({});
  decide_anew(on(place), *other);
}

SKALD_PERSISTENT("aggregates hear of what other processes append to their streams") {
  Backend place;
  const auto other = place.open({});
  hear_of_others(on(place), *other);
}
