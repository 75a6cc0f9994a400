#include <tests/actors/running.hpp>
#include <tests/store/sql.hpp>

#include <csignal>
#include <fstream>
#include <thread>

using namespace running;

namespace {

/// The error that making something ends with.
template <class F>
error error_when(F make) {
  try {
    make();
  } catch (const failure& f) {
    return f.error();
  }
  return {};
}

} // namespace

TEST_CASE("a node refuses a store that it cannot open, in words that help") {
  test::temporary_folder folder;
  const auto text = folder.path() / "notes.txt";
  std::ofstream{text} << "this is no database, but it is long enough to be looked at as if it were one. "
                      << std::string(4096, '.');
  struct row {
    const char* name;
    std::string url;
    errc code;
    const char* says;
  };
  const row rows[] = {
    {"an unknown kind", "mysql://somewhere", errc::invalid_argument, "mysql://somewhere"},
    {"no kind", (folder.path() / "a.db").string(), errc::invalid_argument, "sqlite:FILE"},
    {"a file that is no database", "sqlite:" + text.string(), errc::open_failed, "notes.txt"},
    {"a missing folder", "sqlite:" + (folder.path() / "none" / "a.db").string(), errc::open_failed, "none"},
    {"a folder", "sqlite:" + folder.path().string(), errc::open_failed, ""},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    const auto e = error_when([&] { node{{.store = r.url}}; });
    CHECK(e.code == r.code);
    CHECK_MESSAGE(e.message.find(r.says) != std::string::npos, e.message);
  }
}

TEST_CASE("a node is wired before it runs, and runs once") {
  node n{{}};
  run(n, [&]() -> task<void> {
    CHECK(error_when([&] { (void)n.aggregates<account>(); }).code == errc::invalid_argument);
    CHECK(error_when([&] { (void)n.projector("late"); }).code == errc::invalid_argument);
    co_return;
  });
  CHECK(error_when([&] { n.run([]() -> task<void> { co_return; }); }).code == errc::invalid_argument);
}

TEST_CASE("wiring that cannot be meant is refused") {
  node n{{}};
  const auto ignore = [](record_of<deposited>) -> task<void> { co_return; };
  auto p = n.projector("p");
  CHECK(error_when([&] { p.on<deposited>(ignore); }).code == errc::event_missing);
  n.events<account_events>();
  p.on<deposited>(ignore);
  CHECK(error_when([&] { p.on<deposited>(ignore); }).code == errc::invalid_argument);
  p.on<deposited>(ignore, "second");
  CHECK(error_when([&] { (void)n.projector("p"); }).code == errc::invalid_argument);
  CHECK(error_when([&] { (void)n.projector(""); }).code == errc::invalid_argument);
  for (const auto& name : {std::string(300, 'p'), std::string{"a\0b", 3}, std::string{"\xff"}}) {
    CHECK(error_when([&] { (void)n.projector(name); }).code == errc::invalid_argument);
    CHECK(error_when([&] { p.on<deposited>(ignore, name + std::string(300, 'h')); }).code == errc::invalid_argument);
  }
}

TEST_CASE("before and after it runs, a node accepts nothing") {
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("p");
  node other{{}};
  auto nothing_accepted = [&]() -> task<void> {
    CHECK((co_await error_of(all.execute(ada, [](account& a) { a.deposit(1); }))).code == errc::stopped);
    CHECK((co_await error_of(n.head())).code == errc::stopped);
  };
  run(other, [&]() -> task<void> {
    co_await nothing_accepted();
    CHECK((co_await error_of(p.reached(position{}))).code == errc::stopped);
  });
  run(n, []() -> task<void> { co_return; });
  node third{{}};
  run(third, nothing_accepted);
}

TEST_CASE("a node whose projection cannot begin does not run its main") {
  test::temporary_folder folder;
  const auto file = folder.path() / "a.db";
  node n{{.store = "sqlite:" + file.string()}};
  n.events<account_events>();
  (void)n.projector("p");
  test::run_sql(file, "DROP TABLE skald_completions; DROP TABLE skald_projections");
  bool began = false;
  CHECK(n.run([&]() -> task<void> {
    began = true;
    co_return;
  }) == 1);
  CHECK_FALSE(began);
}

TEST_CASE("how long receipts are kept, and whether reads are verified, is as the node's options say") {
  const test::temporary_folder folder;
  const auto file = folder.path() / "a.db";
  test::manual_clock clock;
  node n{{.store = "sqlite:" + file.string(),
          .verify_reads = true,
          .command_retention = std::chrono::seconds{1},
          .accept_unknown_types = true,
          .wall = clock}};
  run(n, [&]() -> task<void> {
    position last;
    std::uint64_t number = 0;
    for (const auto* command : {"first", "second", "first"}) { // with the second one, the first one is forgotten
      auto request = test::request("a", test::any, {test::an_event(++number)});
      request.command = command_id{command};
      auto appending = n.append(std::move(request));
      last = (co_await std::move(appending)).last;
      clock.advance(std::chrono::seconds{2});
    }
    CHECK(last == position{3});
    CHECK((co_await n.read(all_query{})).records.size() == 3);
    test::run_sql(file, "UPDATE skald_events SET data = '{}' WHERE position = 2");
    CHECK((co_await error_of(n.read(all_query{}))).code == errc::corrupt);
  });
}

TEST_CASE("an on_error that throws is told of itself, and the node goes on") {
  for (const bool known : {true, false}) {
    node n{{.on_error = [&](const error&, const record*) {
      if (known) throw std::runtime_error{"(expected on standard error)"};
      throw 7;
    }}};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
    p.on<deposited>([](record_of<deposited>) -> task<void> {
      throw std::runtime_error{"(expected on standard error, too)"};
      co_return;
    });
    CHECK(n.run([&]() -> task<void> {
      auto deposit = [](account& a) { a.deposit(1); };
      const auto receipt = co_await all.execute(ada, deposit);
      CHECK((co_await error_of(p.reached(receipt.last))).code == errc::handler_failed);
      CHECK((co_await all.get(ada)).cents() == 1);
    }) == 1);
  }
}

TEST_CASE("what main throws is told, and is the exit status") {
  node n{{}};
  CHECK(n.run([]() -> task<void> {
    throw std::runtime_error{"(expected on standard error)"};
    co_return;
  }) == 1);
}

TEST_CASE(
  "the events of a node are checked: unknown types, wrong data and bad streams are refused, nothing is stored") {
  node n{{}};
  n.events<account_events>();
  run(n, [&]() -> task<void> {
    struct row {
      const char* name;
      stream_id stream;
      new_event event;
      errc expected;
    };
    const std::vector<row> rows{
      {"an unknown type", ada, new_event{"account:unknown", "{}"}, errc::event_missing}, // A.25
      {"wrong data", ada, new_event{"account:deposited", R"({"cents":"1"})"}, errc::invalid_event}, // B.30
      {"null", ada, new_event{"account:deposited", "null"}, errc::invalid_event},                   // B.33
      {"no JSON", ada, new_event{"account:deposited", "{"}, errc::invalid_event},
      {"no stream", stream_id{}, new_event{"account:deposited", R"({"cents":1})"}, errc::invalid_argument},
    };
    for (const auto& r : rows) {
      CAPTURE(r.name);
      append_request request{r.stream, expected_revision::any(), {r.event}};
      CHECK((co_await error_of(n.append(std::move(request)))).code == r.expected);
    }
    CHECK((co_await n.head()) == position{});
  });
}

TEST_CASE("what was written is read: by stream, from all, by id; status tells what is known") {
  node n{{}};
  n.events<account_events>();
  run(n, [&]() -> task<void> {
    append_request request{ada, expected_revision::no_stream(), {new_event{"account:opened", R"({"owner":"Ada"})"}}};
    co_await n.append(std::move(request));
    const auto by_stream = co_await n.read(stream_query{ada});
    const auto from_all = co_await n.read(all_query{});
    REQUIRE(by_stream.records.size() == 1);
    CHECK(by_stream.records == from_all.records);
    const auto& r = by_stream.records.front();
    CHECK((co_await n.find(r.id)) == r);
    CHECK((co_await n.status(r)) == record_status{true, true});
    auto other = r;
    other.id = make_event_id();
    CHECK((co_await n.status(other)) == record_status{false, false});
  });
}

TEST_CASE("a node that is asked to carries events of types it does not know, and still checks those it knows") {
  node n{{.accept_unknown_types = true}};
  n.events<account_events>();
  run(n, [&]() -> task<void> {
    const auto one = [](const char* type, const char* data) {
      return append_request{ada, expected_revision::any(), {new_event{type, data}}};
    };
    co_await n.append(one("ship:sailed", R"({ "to" : "Bergen" })"));
    co_await n.append(one("account:opened", R"({"owner":"Ada"})"));
    const auto stored = co_await n.read(stream_query{ada});
    REQUIRE(stored.records.size() == 2);
    CHECK(stored.records.front().data == R"({ "to" : "Bergen" })");
    const auto types = co_await n.types();
    REQUIRE(types.size() == 2);
    CHECK(types.front() == type_summary{"account:opened", 1});
    CHECK(types.back() == type_summary{"ship:sailed", 1});
    const auto identity = co_await n.identity();
    CHECK_FALSE(identity.id.nil());
    CHECK((co_await n.identity()) == identity);
    CHECK((co_await error_of(n.append(one("ship:sailed", "{")))).code == errc::invalid_event);
    CHECK((co_await error_of(n.append(one("account:opened", R"({"owner":1})")))).code == errc::invalid_event);
    CHECK((co_await n.head()) == position{2});
  });
}

TEST_CASE("a node keeps snapshots by hand, and refuses those of records that are not there") {
  node n{{}};
  n.events<account_events>();
  run(n, [&]() -> task<void> {
    append_request request{ada, expected_revision::no_stream(), {new_event{"account:opened", R"({"owner":"Ada"})"}}};
    co_await n.append(std::move(request));
    const auto stored = co_await n.read(stream_query{ada});
    REQUIRE(stored.records.size() == 1);
    snapshot s;
    s.key = snapshot_key{"balance", ada};
    s.fingerprint = "1";
    s.cursor = stream_query::cursor_of(stored.records.front());
    s.records = 1;
    s.state = R"({"cents":0})";
    CHECK_FALSE((co_await n.load_snapshot(s.key)).has_value());
    co_await n.save(s);
    const auto kept = co_await n.load_snapshot(s.key);
    REQUIRE(kept.has_value());
    CHECK(kept->holds);
    CHECK(kept->snapshot == s);
    s.cursor.id = make_event_id();
    CHECK((co_await error_of(n.save(s))).code == errc::invalid_argument);
    CHECK((co_await n.load_snapshot(kept->snapshot.key))->snapshot == kept->snapshot);
  });
}

TEST_CASE("streams are kept under relation keys, and read by them") {
  node n{{}};
  auto all = n.aggregates<account>();
  const relation_key rich{"rich"};
  const std::vector changes{relation_change::insert(rich, ada), relation_change::insert(rich, bob)};
  const std::vector nameless{relation_change::remove_key({})};
  const relation expected{{ada, bob}, revision{2}};
  const std::vector keys{rich};
  run(n, [&]() -> task<void> {
    auto deposit = [](account& a) { a.deposit(1); };
    co_await all.execute(ada, deposit);
    co_await all.execute(bob, deposit);
    co_await n.relate(changes);
    CHECK((co_await n.related(rich)) == expected);
    CHECK((co_await n.keys_of(bob)) == keys);
    const streams_query query{keys};
    CHECK((co_await n.read(query)).records == (co_await n.read(all_query{})).records);
    CHECK((co_await error_of(n.relate(nameless))).code == errc::invalid_argument);
  });
}

TEST_CASE("everything is there after a restart") {
  test::temporary_folder folder;
  const auto url = "sqlite:" + (folder.path() / "a.db").string();
  for (int start = 1; start <= 3; ++start) {
    node n{{.store = url}};
    auto all = n.aggregates<account>();
    run(n, [&]() -> task<void> {
      co_await all.execute(ada, [](account& a) { a.deposit(1); });
      CHECK((co_await all.get(ada)).cents() == start);
    });
  }
}

TEST_CASE(
  "relations follow from the events of aggregates and of plain requests, and are read through the node") { // E.97
  node n{{}};
  auto all = n.aggregates<account>();
  n.relations_from<opened>([](const opened& e, const record& r) {
    if (e.owner == "nobody") throw std::runtime_error{"accounts have owners"};
    return std::vector{relation_change::insert(relation_key{"of " + e.owner}, r.stream)};
  });
  CHECK(error_when([&] {
          n.relations_from<accounts::reviewer>(
            [](const accounts::reviewer&, const record&) { return std::vector<relation_change>{}; });
        }).code == errc::event_missing);
  const append_request plain{bob, expected_revision::no_stream(), {{"account:opened", R"({"owner":"Ada"})"}}};
  const relation_key of_ada{"of Ada"};
  const relation expected{{ada, bob}, revision{2}};
  run(n, [&]() -> task<void> {
    auto open = [](account& a) { a.open("Ada"); };
    co_await all.execute(ada, open);
    co_await n.append(plain);
    CHECK((co_await n.related(of_ada)) == expected);
    const streams_query query{std::vector{of_ada}};
    const auto read = co_await n.read(query);
    CHECK(read.records.size() == 2);

    auto refused = [](account& a) { a.open("nobody"); };
    const auto why = co_await error_of(all.execute(stream_id{"account-x"}, refused));
    CHECK(why.code == errc::invalid_event);
    CHECK_MESSAGE(why.message.find("accounts have owners") != std::string::npos, why.message);
    CHECK((co_await n.head()) == position{2});
  });
}

TEST_CASE(
  "an event that a validator rejects is neither stored nor projected, also where it read its own stream") { // B.35
  node n{{}};
  auto all = n.aggregates<account>();
  n.validate<opened>([](const opened& e, validation& of) -> result<void> {
    const auto known = of.read(stream_query{of.stream()});
    if (!known) return known.error();
    if (!known->records.empty()) return error{errc::rejected, "it is open already"};
    if (e.owner == "nobody") return error{errc::rejected, "accounts have owners"};
    return {};
  });
  auto p = n.projector("owners");
  std::vector<std::string> seen;
  p.on<opened>([&](record_of<opened> r) -> task<void> {
    seen.push_back(r.data().owner);
    co_return;
  });
  const append_request again{ada, expected_revision::any(), {{"account:opened", R"({"owner":"Ada"})"}}};
  run(n, [&]() -> task<void> {
    auto open = [](account& a) { a.open("Ada"); };
    co_await all.execute(ada, open);
    auto refused = [](account& a) { a.open("nobody"); };
    const auto why = co_await error_of(all.execute(bob, refused));
    CHECK(why.code == errc::rejected);
    CHECK_MESSAGE(why.message.find("accounts have owners") != std::string::npos, why.message);
    CHECK((co_await error_of(n.append(again))).code == errc::rejected);
    co_await all.execute(bob, open);
    CHECK((co_await n.head()) == position{2});
    co_await p.reached(position{2}, std::chrono::seconds{10});
  });
  CHECK(seen == std::vector<std::string>{"Ada", "Ada"});
}

TEST_CASE("a handler of a projection adds relations and removes them") { // E.93, E.94
  node n{{}};
  auto all = n.aggregates<account>();
  auto p = n.projector("owners");
  const relation_key open_ones{"open"};
  p.on<opened>([&](record_of<opened> r) -> task<void> {
    const std::vector changes{relation_change::insert(open_ones, r.record().stream)};
    co_await n.relate(changes);
  });
  p.on<withdrawn>([&](record_of<withdrawn> r) -> task<void> {
    const std::vector changes{relation_change::remove(open_ones, r.record().stream)};
    co_await n.relate(changes);
  });
  const relation both{{ada, bob}, revision{2}};
  const relation one{{bob}, revision{3}};
  run(n, [&]() -> task<void> {
    auto open = [](account& a) { a.open("Ada"); };
    const auto first = co_await all.execute(ada, open);
    const auto second = co_await all.execute(bob, open);
    co_await p.reached(std::max(first.last, second.last));
    CHECK((co_await n.related(open_ones)) == both);
    auto withdraw = [](account& a) { a.withdraw(0); };
    const auto third = co_await all.execute(ada, withdraw);
    co_await p.reached(third.last);
    CHECK((co_await n.related(open_ones)) == one);
  });
}

TEST_CASE("what was accepted when a node is told to end is finished, and everything after is refused") { // F.125
  for (const int number : {SIGINT, SIGTERM}) {
    test::temporary_folder folder;
    const auto url = "sqlite:" + (folder.path() / "a.db").string();
    std::int64_t acknowledged = 0;
    std::size_t finished = 0;
    std::size_t refused = 0;
    constexpr std::size_t before = 50;
    {
      node n{{.store = url}};
      auto all = n.aggregates<account>();
      const auto status = n.run([&]() -> task<void> {
        const auto count = [&](std::exception_ptr, error e) {
          ++finished;
          if (e.code == errc::none) ++acknowledged;
          if (e.code == errc::stopped) ++refused;
        };
        const auto start = [&](std::size_t tasks) {
          for (std::size_t i = 0; i < tasks; ++i)
            boost::asio::co_spawn(n.executor(), error_of(all.execute(ada, [](account& a) { a.deposit(1); })), count);
        };
        start(before);
        co_await turn(); // they are on their way
        std::raise(number);
        while (!(co_await boost::asio::this_coro::cancellation_state).cancelled()) {
          co_await boost::asio::this_coro::throw_if_cancelled(false);
          co_await turn();
        }
        start(10);
        while (finished < before + 10) co_await turn();
      });
      CHECK(status == 128 + number);
    }
    CHECK(acknowledged == before);
    CHECK(refused == 10);
    node again{{.store = url}};
    auto all = again.aggregates<account>();
    run(again, [&]() -> task<void> { CHECK((co_await all.get(ada)).cents() == before); });
  }
}

TEST_CASE("a main that waits for ever ends when the node is told to") {
  node n{{}};
  CHECK(n.run([]() -> task<void> {
    std::raise(SIGTERM);
    for (;;) co_await turn();
  }) == 128 + SIGTERM);
}

TEST_CASE("a node that never ran ends at once") {
  for (int i = 0; i < 20; ++i) {
    node n{{}};
    auto all = n.aggregates<account>();
    auto p = n.projector("p");
  }
}
