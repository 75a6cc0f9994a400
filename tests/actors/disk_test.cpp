#include <sqlite3.h>
#include <tests/actors/running.hpp>
#include <tests/store/faulty_disk.hpp>

#include <mutex>
#include <vector>

using namespace running;

namespace {

node_options on(const test::temporary_folder& folder) {
  return {.store = "sqlite:" + (folder.path() / "a.db").string()};
}

} // namespace

TEST_CASE("callers hear that the disk is full, then that the store is read-only; what is stored can be read") {
  const test::temporary_folder folder;
  test::faulty_disk disk;
  {
    node n{on(folder)};
    auto all = n.aggregates<account>();
    run(n, [&]() -> task<void> {
      co_await all.execute(ada, [](account& a) { a.deposit(1); });
      disk.fail({test::write_log, SQLITE_FULL}); // once
      const auto full = co_await error_of(all.execute(ada, [](account& a) { a.deposit(1); }));
      CHECK(full.code == errc::insertion_failed);
      CHECK(full.outcome == outcome::not_written);
      CHECK_MESSAGE(full.message.find("make room on the disk") != std::string::npos, full.message);

      const auto refused = co_await error_of(all.execute(bob, [](account& a) { a.deposit(1); }));
      CHECK(refused.code == errc::read_only);
      CHECK(refused.outcome == outcome::not_written);
      CHECK_MESSAGE(refused.message.find(full.message) != std::string::npos, refused.message);
      append_request request{ada, expected_revision::any(), {new_event{"account:deposited", R"({"cents":1})"}}};
      CHECK((co_await error_of(n.append(std::move(request)))).code == errc::read_only);

      CHECK((co_await all.get(ada)).cents() == 1);
      CHECK((co_await n.read(all_query{})).records.size() == 1);
    });
  }
  node again{on(folder)};
  auto all = again.aggregates<account>();
  run(again, [&]() -> task<void> {
    co_await all.execute(ada, [](account& a) { a.deposit(1); });
    CHECK((co_await all.get(ada)).cents() == 2);
  });
}

TEST_CASE("a projection that cannot save its checkpoint says so once, and has the event again at the next start") {
  const test::temporary_folder folder;
  test::faulty_disk disk;
  std::vector<error> told;
  int handled = 0;
  {
    std::mutex mutex;
    auto options = on(folder);
    options.on_error = [&](const error& why, const record*) {
      const std::lock_guard lock{mutex};
      told.push_back(why);
    };
    node n{std::move(options)};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    event_gate gate;
    p.once<deposited>([&](record_of<deposited>) -> task<void> {
      co_await gate.passed();
      ++handled;
    });
    const auto status = n.run([&]() -> task<void> {
      co_await all.execute(ada, [](account& a) { a.deposit(1); });
      disk.fail({test::sync_log}); // once
      const auto unknown = co_await error_of(all.execute(bob, [](account& a) { a.deposit(1); }));
      CHECK(unknown.outcome == outcome::unknown);
      gate.open();
      CHECK((co_await error_of(p.reached(position{2}))).code == errc::read_only);
    });
    CHECK(status == 1);
  }
  REQUIRE(told.size() == 1);
  CHECK(told[0].code == errc::read_only);
  CHECK(handled == 1);

  node again{on(folder)};
  again.events<account_events>();
  auto p = again.projector("p");
  p.once<deposited>([&](record_of<deposited>) -> task<void> {
    ++handled;
    co_return;
  });
  run(again, [&]() -> task<void> {
    const auto head = co_await again.head(); // what was unknown is there or not
    co_await p.reached(head);
    CHECK(handled == 1 + static_cast<int>(head.value));
  });
}

TEST_CASE("a node that is asked for relaxed durability does not wait for the disk") {
  struct row {
    durability kept;
    bool syncs;
  };
  for (const auto& row : {row{durability::full, true}, row{durability::relaxed, false}}) {
    CAPTURE(row.syncs);
    const test::temporary_folder folder;
    const test::faulty_disk disk;
    auto options = on(folder);
    options.durability = row.kept;
    node n{std::move(options)};
    auto all = n.aggregates<account>();
    run(n, [&]() -> task<void> {
      co_await all.execute(ada, [](account& a) { a.deposit(1); });
      const auto before = disk.count(test::sync_log);
      co_await all.execute(ada, [](account& a) { a.deposit(1); });
      CHECK((disk.count(test::sync_log) > before) == row.syncs);
    });
  }
}
