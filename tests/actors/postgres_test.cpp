#include <tests/actors/running.hpp>

#include <csignal>
#include <cstdint>
#include <map>
#include <mutex>

using namespace running;

namespace {

using counts = std::map<std::uint64_t, int>; // by position

} // namespace

TEST_CASE(
  "a node goes on when its PostgreSQL server comes back: nothing acknowledged is lost, each event projected once") {
  test::postgres_server server;
  const test::postgres_schema schema{server.folder()};
  std::mutex mutex;
  std::vector<error> told;
  node n{{.store = schema.url(),
          .on_error =
            [&](const error& why, const record*) {
              const std::lock_guard lock{mutex};
              told.push_back(why);
            },
          .poll = std::chrono::milliseconds{1}}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  counts seen;
  p.once<deposited>([&seen](record_of<deposited> r) -> task<void> {
    ++seen[r.record().position.value];
    co_return;
  });
  const auto deposit = [](account& a) { a.deposit(1); };
  run(n, [&]() -> task<void> {
    for (const int signal : {SIGINT, SIGQUIT}) { // ends its sessions; crashes
      co_await all.execute(ada, deposit);
      server.stop(signal);
      server.start();
      co_await all.execute(ada, deposit);
      co_await all.execute(bob, deposit);
    }
    co_await p.reached(position{6});
    CHECK((co_await all.get(ada)).cents() == 4);
    CHECK((co_await n.read(all_query{})).records.size() == 6);
  });
  CHECK(seen == counts{{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}});
  for (const auto& why : told) CHECK_MESSAGE(false, why.message);
}

TEST_CASE(
  "a node whose PostgreSQL server stays away says so, to callers and once to on_error, and goes on when it is back") {
  test::postgres_server server;
  const test::postgres_schema schema{server.folder()};
  std::mutex mutex;
  std::vector<error> told;
  node n{{.store = schema.url("&deadline=500"),
          .on_error =
            [&](const error& why, const record*) {
              const std::lock_guard lock{mutex};
              told.push_back(why);
            },
          .poll = std::chrono::milliseconds{1}}};
  auto all = n.aggregates<account>();
  const auto deposit = [](account& a) { a.deposit(1); };
  run(n, [&]() -> task<void> {
    co_await all.execute(ada, deposit);
    server.stop();
    const auto lost = co_await error_of(all.execute(ada, deposit));
    CHECK(lost.code == errc::insertion_failed);
    CHECK(lost.outcome == outcome::not_written);
    CHECK_MESSAGE(lost.message.find("see that the server runs") != std::string::npos, lost.message);
    while (std::invoke([&] {
      const std::lock_guard lock{mutex};
      return told.empty();
    }))
      co_await turn();
    server.start();
    co_await all.execute(ada, deposit);
    CHECK((co_await all.get(ada)).cents() == 2);
  });
  REQUIRE(told.size() == 1);
  CHECK(told[0].code == errc::read_failed);
}
