#include <skald/actors/projector.hpp>

#include <tests/actors/running.hpp>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

using namespace running;

namespace {

/// What handlers were given, as words. For one thread.
struct journal {
  std::vector<std::string> lines;

  template <class Data>
  void note(const char* handler, const record_of<Data>& r) {
    lines.push_back(std::string{handler} + " " + std::string{to_string(r.delivery())} + " " +
                    std::to_string(r.record().position.value));
  }

  [[nodiscard]] std::vector<std::string> sorted() const {
    auto copy = lines;
    std::ranges::sort(copy);
    return copy;
  }
};

using lines = std::vector<std::string>;

/// One handler of each kind for deposits.
void listen(projector& p, journal& j) {
  p.once<deposited>([&j](record_of<deposited> r) -> task<void> {
    j.note("once", r);
    co_return;
  });
  p.on<deposited>([&j](record_of<deposited> r) -> task<void> {
    j.note("on", r);
    co_return;
  });
  p.all<deposited>([&j](record_of<deposited> r) -> task<void> {
    j.note("all", r);
    co_return;
  });
}

record foreign(const char* stream, const char* created) {
  record r;
  r.id = make_event_id();
  r.stream = stream_id{stream};
  r.type = "account:deposited";
  r.data = R"({"cents":1})";
  r.created = timestamp::parse(created).value();
  return r;
}

/// A store file that outlives its nodes.
struct store_file {
  test::temporary_folder folder;
  [[nodiscard]] node_options options() const { return {.store = "sqlite:" + (folder.path() / "a.db").string()}; }
};

task<position> deposit(aggregates<account> all, stream_id stream) {
  const auto receipt = co_await all.execute(std::move(stream), [](account& a) { a.deposit(1); });
  co_return receipt.last;
}

} // namespace

TEST_CASE("an appended event reaches handlers of all kinds as fresh") { // D.77
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  journal j;
  listen(p, j);
  run(n, [&]() -> task<void> {
    co_await p.reached(co_await deposit(all, ada), std::chrono::milliseconds::max());
    CHECK(j.sorted() == lines{"all fresh 1", "on fresh 1", "once fresh 1"});
    CHECK((co_await error_of(p.reached(position{2}, std::chrono::milliseconds::min()))).code == errc::timeout);
  });
}

TEST_CASE("hydrated and outdated events reach those who hear of them, known ones nobody") { // D.63-74
  node n{{}};
  n.events<account_events>();
  auto p = n.projector("p");
  journal j;
  listen(p, j);
  run(n, [&]() -> task<void> {
    const auto newer = foreign("s", "2020-01-01T00:00:00Z");
    std::vector<record> first{newer};
    co_await p.reached((co_await n.hydrate(first)).last);
    CHECK(j.sorted() == lines{"all hydrated 1", "on hydrated 1"});
    j.lines.clear();

    std::vector<record> late{foreign("s", "2019-01-01T00:00:00Z")};
    co_await p.reached((co_await n.hydrate(late)).last);
    CHECK(j.sorted() == lines{"all outdated 2"});
    j.lines.clear();

    const auto again = co_await n.hydrate(first);
    CHECK(again == hydrate_report{0, 1, {}});
    first[0].type = "other";
    const auto changed = co_await n.hydrate(first);
    CHECK(changed.known == 1);
    REQUIRE(changed.different.size() == 1);
    CHECK(changed.different[0].message.ends_with("with another type"));
    CHECK((co_await n.head()) == position{2});
    CHECK(j.lines.empty());
  });
}

TEST_CASE("silent events are delivered to nobody, until they are replayed") { // D.119b
  node n{{}};
  n.events<account_events>();
  auto p = n.projector("p");
  journal j;
  listen(p, j);
  run(n, [&]() -> task<void> {
    append_request silent{ada, expected_revision::any(), {new_event{"account:deposited", R"({"cents":1})"}}};
    silent.emit = false;
    const auto receipt = co_await n.append(std::move(silent));
    co_await p.reached(receipt.last);
    CHECK(j.lines.empty());
    co_await p.replay();
    co_await p.reached(receipt.last);
    CHECK(j.sorted() == lines{"all hydrated 1", "on hydrated 1"});
  });
}

TEST_CASE("a projection resumes at its durable checkpoint") { // D.84
  store_file file;
  journal j;
  for (int start = 0; start < 3; ++start) {
    node n{file.options()};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    listen(p, j);
    run(n, [&]() -> task<void> { co_await p.reached(co_await deposit(all, ada)); });
  }
  CHECK(j.sorted() == lines{"all fresh 1", "all fresh 2", "all fresh 3", "on fresh 1", "on fresh 2", "on fresh 3",
                            "once fresh 1", "once fresh 2", "once fresh 3"});
}

TEST_CASE("what was appended while nobody projected is still fresh for a name that was there before") {
  store_file file;
  journal j;
  {
    node n{file.options()};
    n.events<account_events>();
    auto p = n.projector("p");
    listen(p, j);
    run(n, []() -> task<void> { co_return; }); // the name is registered
  }
  {
    node n{file.options()};
    auto all = n.aggregates<account>();
    run(n, [&]() -> task<void> { co_await deposit(all, ada); });
  }
  node n{file.options()};
  n.events<account_events>();
  auto p = n.projector("p");
  listen(p, j);
  run(n, [&]() -> task<void> { co_await p.reached(position{1}); });
  CHECK(j.sorted() == lines{"all fresh 1", "on fresh 1", "once fresh 1"});
}

TEST_CASE("a new name on an old store gets history as hydrated, unless it asks for it as fresh") { // D.119
  store_file file;
  {
    node n{file.options()};
    auto all = n.aggregates<account>();
    run(n, [&]() -> task<void> { co_await deposit(all, ada); });
  }
  node n{file.options()};
  auto all = n.aggregates<account>();
  auto shy = n.projector("shy");
  auto eager = n.projector("eager", {.fresh_from = position{}});
  journal of_shy;
  journal of_eager;
  listen(shy, of_shy);
  listen(eager, of_eager);
  run(n, [&]() -> task<void> {
    const auto head = co_await deposit(all, ada);
    co_await shy.reached(head);
    co_await eager.reached(head);
  });
  CHECK(of_shy.sorted() == lines{"all fresh 2", "all hydrated 1", "on fresh 2", "on hydrated 1", "once fresh 2"});
  CHECK(of_eager.sorted() ==
        lines{"all fresh 1", "all fresh 2", "on fresh 1", "on fresh 2", "once fresh 1", "once fresh 2"});
}

TEST_CASE("a replay delivers history as hydrated, runs no once handler, and resets before its first delivery") { // D.79
  store_file file;
  journal j;
  {
    node n{file.options()};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    listen(p, j);
    run(n, [&]() -> task<void> {
      for (int i = 0; i < 5; ++i) co_await deposit(all, i % 2 ? ada : bob);
      const auto head = co_await n.head();
      co_await p.reached(head);
      std::size_t lines_at_reset = 0;
      const auto reset = [&] {
        lines_at_reset = j.lines.size();
        j.lines.clear();
      };
      co_await p.replay(position{2}, reset);
      co_await p.reached(head);
      CHECK(lines_at_reset == 15);
      CHECK(j.sorted() == lines{"all hydrated 3", "all hydrated 4", "all hydrated 5", "on hydrated 3", "on hydrated 4",
                                "on hydrated 5"});
      j.lines.clear();
      co_await p.reached(co_await deposit(all, ada));
      CHECK(j.sorted() == lines{"all fresh 6", "on fresh 6", "once fresh 6"});
    });
  }
  j.lines.clear();
  node n{file.options()};
  n.events<account_events>();
  auto p = n.projector("p");
  listen(p, j);
  run(n, [&]() -> task<void> { co_await p.reached(position{6}); });
  CHECK(j.lines.empty());
}

TEST_CASE("a reset that throws is told, and the projection goes on") {
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  journal j;
  listen(p, j);
  run(n, [&]() -> task<void> {
    co_await p.reached(co_await deposit(all, ada));
    const auto e = co_await error_of(p.replay(position{}, [] { throw std::runtime_error{"no such table"}; }));
    CHECK(e.code == errc::handler_failed);
    CHECK_MESSAGE(e.message.find("no such table") != std::string::npos, e.message);
    co_await p.reached(co_await deposit(all, ada));
  });
}

TEST_CASE("records of a stream are handled in order, and streams side by side, also by handlers that suspend") { // D.81
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  std::map<std::string, std::vector<std::uint64_t>> revisions;
  std::map<std::string, int> inside;
  int together = 0;
  int most_together = 0;
  p.on<deposited>([&](record_of<deposited> r) -> task<void> {
    const auto stream = r.record().stream.str();
    CHECK(++inside[stream] == 1);
    most_together = std::max(most_together, ++together);
    for (int i = 0; i < 5; ++i) co_await turn();
    revisions[stream].push_back(r.record().revision.value);
    --together;
    --inside[stream];
  });
  run(n, [&]() -> task<void> {
    std::vector<task<receipt>> tasks;
    for (int i = 0; i < 400; ++i)
      tasks.push_back(all.execute(stream_id{"s" + std::to_string(i % 10)}, [](account& a) { a.deposit(1); }));
    (void)co_await all_of(std::move(tasks));
    co_await p.reached(co_await n.head());
  });
  CHECK(revisions.size() == 10);
  for (const auto& [stream, seen] : revisions) {
    CHECK(seen.size() == 40);
    CHECK(std::ranges::is_sorted(seen));
  }
  CHECK(most_together > 1);
}

TEST_CASE("a stream's next record waits for all handlers of the one before") {
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  event_gate gate;
  lines seen;
  p.on<deposited>([&](record_of<deposited> r) -> task<void> {
    if (r.record().revision == revision{1}) co_await gate.passed();
    seen.push_back("on " + std::to_string(r.record().revision.value));
  });
  p.all<deposited>([&](record_of<deposited> r) -> task<void> {
    seen.push_back("all " + std::to_string(r.record().revision.value));
    co_return;
  });
  run(n, [&]() -> task<void> {
    co_await deposit(all, ada);
    const auto last = co_await deposit(all, ada);
    while (seen.empty()) co_await turn();
    CHECK((co_await error_of(p.reached(last, std::chrono::milliseconds{1}))).code == errc::timeout);
    CHECK(seen == lines{"all 1"});
    gate.open();
    co_await p.reached(last);
    CHECK(seen.size() == 4);
    CHECK(seen[1] == "on 1");
  });
}

TEST_CASE("a handler for a list of events takes each of its types") {
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  std::map<std::string, int> counts;
  p.all<account_events>([&](auto r) -> task<void> {
    ++counts[r.record().type];
    co_return;
  });
  run(n, [&]() -> task<void> {
    const auto receipt = co_await all.execute(ada, [](account& a) {
      a.open("Ada");
      a.deposit(5);
      a.deposit(6);
      a.withdraw(1);
    });
    co_await p.reached(receipt.last);
  });
  CHECK(counts ==
        std::map<std::string, int>{{"account:opened", 1}, {"account:deposited", 2}, {"account:withdrawn", 1}});
}

TEST_CASE(
  "a handler that throws stops its projection in front of the record, loses nothing, and is told with it") { // D.78
  store_file file;
  lines seen;
  bool broken = true;
  for (int start = 0; start < 2; ++start) {
    auto options = file.options();
    std::vector<std::string> told;
    options.on_error = [&](const error& e, const record* r) {
      told.push_back(std::string{to_string(e.code)} + " " + (r ? r->stream.str() : "") + " " + e.message);
    };
    node n{std::move(options)};
    auto all = n.aggregates<account>();
    auto p = n.projector("mailer");
    auto other = n.projector("other");
    p.once<deposited>([&](record_of<deposited> r) -> task<void> {
      if (broken && r.record().stream == bob) throw std::runtime_error{"the mail server is away"};
      seen.push_back(r.record().stream.str() + " " + std::to_string(r.record().revision.value));
      co_return;
    });
    std::size_t of_other = 0;
    other.on<deposited>([&](record_of<deposited>) -> task<void> {
      ++of_other;
      co_return;
    });
    const auto status = n.run([&]() -> task<void> {
      if (start == 0) {
        co_await p.reached(co_await deposit(all, ada));
        const auto failing = co_await deposit(all, bob); // stored and acknowledged
        const auto e = co_await error_of(p.reached(failing));
        CHECK(e.code == errc::handler_failed);
        for (const auto* part : {"once:account:deposited", "account-bob", "the mail server is away"})
          CHECK_MESSAGE(e.message.find(part) != std::string::npos, e.message);
        co_await deposit(all, bob);
        const auto head = co_await deposit(all, ada);
        CHECK((co_await error_of(p.reached(head))).code == errc::handler_failed);
        co_await other.reached(head); // the other one goes on
        CHECK(of_other == 4);
      } else {
        co_await p.reached(co_await n.head());
      }
    });
    CHECK(status == (start == 0 ? 1 : 0));
    CHECK(told.size() == (start == 0 ? 1 : 0));
    if (start == 0) CHECK_MESSAGE(told[0].starts_with("handler_failed account-bob"), told[0]);
    broken = false;
  }
  // In what order streams go is free; each of them is in order and complete.
  std::ranges::sort(seen);
  CHECK(seen == lines{"account-ada 1", "account-ada 2", "account-bob 1", "account-bob 2"});
}

TEST_CASE("a once handler that was done above the checkpoint does not run again after a restart") {
  store_file file;
  std::map<std::string, int> runs;
  for (int start = 0; start < 2; ++start) {
    auto options = file.options();
    options.on_error = [](const error&, const record*) {};
    node n{std::move(options)};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    p.once<deposited>([&](record_of<deposited> r) -> task<void> {
      if (start == 0 && r.record().stream == ada) {
        while (runs["account-bob"] == 0) co_await turn(); // bob's is done although ada's, in front of it, is not
        throw std::runtime_error{"not today"};
      }
      ++runs[r.record().stream.str()];
      co_return;
    });
    (void)n.run([&]() -> task<void> {
      if (start == 0) {
        co_await deposit(all, ada);
        (void)co_await error_of(p.reached(co_await deposit(all, bob)));
      } else {
        co_await p.reached(position{2});
      }
    });
  }
  CHECK(runs == std::map<std::string, int>{{"account-ada", 1}, {"account-bob", 1}});
}

TEST_CASE("an event that does not fit its struct stops the projection and says where it lies") {
  store_file file;
  {
    const auto store = open_sqlite_store(file.folder.path() / "a.db").value();
    const new_event broken{"account:deposited", R"({"cents":"many"})"};
    REQUIRE(store->append(append_request{ada, expected_revision::any(), {broken}}));
  }
  auto options = file.options();
  options.on_error = [](const error&, const record*) {};
  node n{std::move(options)};
  n.events<account_events>();
  auto p = n.projector("p");
  journal j;
  listen(p, j);
  CHECK(n.run([&]() -> task<void> {
    const auto e = co_await error_of(p.reached(position{1}));
    CHECK_MESSAGE(e.message.find("cents") != std::string::npos, e.message);
  }) == 1);
}

TEST_CASE("a projection far behind catches up page by page, each event once, while appends go on") { // D.87
  store_file file;
  {
    const auto store = open_sqlite_store(file.folder.path() / "a.db").value();
    std::vector<append_request> group;
    for (int i = 0; i < 3500; ++i)
      group.emplace_back(stream_id{"s" + std::to_string(i % 97)}, expected_revision::any(),
                         std::vector{new_event{"account:deposited", R"({"cents":1})"}});
    for (const auto& r : store->append(group)) REQUIRE(r);
  }
  node n{file.options()};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  std::map<std::uint64_t, int> seen;
  std::map<std::string, std::uint64_t> newest;
  p.on<deposited>([&](record_of<deposited> r) -> task<void> {
    ++seen[r.record().position.value];
    auto& before = newest[r.record().stream.str()];
    CHECK(before < r.record().position.value);
    before = r.record().position.value;
    if (r.record().position.value % 50 == 0) co_await turn();
  });
  run(n, [&]() -> task<void> {
    position head;
    for (int i = 0; i < 100; ++i) head = co_await deposit(all, stream_id{"s" + std::to_string(i % 97)});
    co_await p.reached(head);
  });
  CHECK(seen.size() == 3600);
  for (const auto& [where, times] : seen) CHECK(times == 1);
}

TEST_CASE("events that nobody wants move the checkpoint") { // D.80
  store_file file;
  {
    node n{file.options()};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    run(n, [&]() -> task<void> { co_await p.reached(co_await deposit(all, ada)); });
  }
  const auto store = open_sqlite_store(file.folder.path() / "a.db").value();
  CHECK(store->register_projection("p", std::nullopt).value().handled == position{1});
}

TEST_CASE("a handler may itself send commands") {
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  p.once<deposited>([&](record_of<deposited> r) -> task<void> {
    if (r.record().stream != bob) co_await all.execute(bob, [](account& a) { a.deposit(1); });
  });
  run(n, [&]() -> task<void> {
    for (int i = 0; i < 5; ++i) co_await deposit(all, ada);
    while ((co_await all.get(bob)).cents() < 5) co_await p.reached(co_await n.head());
    CHECK((co_await all.get(bob)).cents() == 5);
  });
}

TEST_CASE("a handler that is still busy when the node ends is cancelled, and gets its event again") {
  store_file file;
  int begun = 0;
  int done = 0;
  for (int start = 0; start < 2; ++start) {
    auto options = file.options();
    options.grace = std::chrono::milliseconds{start == 0 ? 1 : 60'000};
    node n{std::move(options)};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    p.once<deposited>([&](record_of<deposited>) -> task<void> {
      ++begun;
      while (start == 0) co_await turn();
      ++done;
    });
    run(n, [&]() -> task<void> {
      if (start == 0) {
        co_await deposit(all, ada);
        while (begun == 0) co_await turn();
      } else {
        co_await p.reached(position{1});
      }
    });
  }
  CHECK(begun == 2);
  CHECK(done == 1);
}

TEST_CASE("replays come one at a time, also when they are asked for together") {
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  p.on<deposited>([](record_of<deposited>) -> task<void> { co_await turn(); });
  run(n, [&]() -> task<void> {
    position head;
    for (int i = 0; i < 20; ++i) head = co_await deposit(all, ada);
    for (int round = 0; round < 20; ++round) {
      int left = 3;
      int begun = 0;
      const auto ended = [&](std::exception_ptr, error e) {
        --left;
        CHECK((e.code == errc::none || e.code == errc::rejected));
        if (e.code == errc::none) ++begun;
      };
      for (int i = 0; i < 3; ++i) boost::asio::co_spawn(n.executor(), error_of(p.replay()), ended);
      while (left != 0) co_await turn();
      CHECK(begun >= 1);
      co_await p.reached(head);
    }
  });
}

TEST_CASE("a signal ends a main that waits for a projection, whose handler is given its grace") {
  for (const bool replaying : {false, true}) {
    node n{{.grace = std::chrono::milliseconds{1}}};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    bool begun = false;
    p.on<deposited>([&](record_of<deposited>) -> task<void> {
      begun = true;
      for (;;) co_await turn();
    });
    error e;
    CHECK(n.run([&]() -> task<void> {
      const auto head = co_await deposit(all, ada);
      while (!begun) co_await turn();
      std::raise(SIGTERM);
      if (replaying)
        e = co_await error_of(p.replay());
      else
        e = co_await error_of(p.reached(head, std::chrono::hours{1}));
    }) == 128 + SIGTERM);
    CHECK(e.code == errc::stopped);
  }
}

TEST_CASE("a handler whose command is refused because the node ends has not failed, and gets its event again") {
  store_file file;
  int done = 0;
  for (int start = 0; start < 2; ++start) {
    auto options = file.options();
    int told = 0;
    options.on_error = [&](const error&, const record*) { ++told; };
    node n{std::move(options)};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    event_gate ending;
    p.once<deposited>([&](record_of<deposited> r) -> task<void> {
      if (start == 0) co_await ending.passed();
      if (r.record().stream == ada) co_await all.execute(bob, [](account& a) { a.open("Bob"); });
      ++done;
    });
    const auto status = n.run([&]() -> task<void> {
      if (start == 0) {
        co_await deposit(all, ada);
        std::raise(SIGTERM);
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        while (!(co_await boost::asio::this_coro::cancellation_state).cancelled()) co_await turn();
        ending.open();
      } else {
        co_await p.reached(position{1});
      }
    });
    CHECK(status == (start == 0 ? 128 + SIGTERM : 0));
    CHECK(told == 0);
  }
  CHECK(done == 1);
}

TEST_CASE("what is asked of a projection whose node has ended is refused") {
  node n{{}};
  n.events<account_events>();
  auto p = n.projector("p");
  run(n, []() -> task<void> { co_return; });
  node other{{}};
  run(other, [&]() -> task<void> {
    CHECK((co_await error_of(p.reached(position{1}))).code == errc::stopped);
    CHECK((co_await error_of(p.replay())).code == errc::stopped);
  });
}

TEST_CASE("a reset that throws anything is told") {
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  run(n, [&]() -> task<void> {
    CHECK((co_await error_of(p.replay(position{}, [] { throw 42; }))).code == errc::handler_failed);
    co_await p.reached(co_await deposit(all, ada));
  });
}

TEST_CASE("an event of another schema version stops the projection instead of being misread") {
  store_file file;
  {
    const auto store = open_sqlite_store(file.folder.path() / "a.db").value();
    new_event older{"account:deposited", R"({"cents":1})"};
    older.schema_version = 7;
    REQUIRE(store->append(append_request{ada, expected_revision::any(), {older}}));
  }
  auto options = file.options();
  std::string told;
  options.on_error = [&](const error& e, const record*) { told = e.message; };
  node n{std::move(options)};
  n.events<account_events>();
  auto p = n.projector("p");
  journal j;
  listen(p, j);
  CHECK(n.run([&]() -> task<void> { (void)co_await error_of(p.reached(position{1})); }) == 1);
  CHECK_MESSAGE(told.find("version") != std::string::npos, told);
  CHECK(j.lines.empty());
}
