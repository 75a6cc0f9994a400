#include <skald/actors/aggregates.hpp>

#include <boost/asio/io_context.hpp>
#include <tests/actors/running.hpp>

#include <thread>

using namespace running;

TEST_CASE("a command to an unknown stream spawns its aggregate, and its answer tells the revision") { // F.120
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    const auto receipt = co_await all.execute(ada, [](account& a) { a.open("Ada"); });
    CHECK(receipt.revisions == std::vector{revision{1}});
    CHECK(receipt.last == position{1});
    const auto a = co_await all.get(ada);
    CHECK(a.owner() == "Ada");
    CHECK(a.id() == ada);
  });
}

TEST_CASE("an aggregate that nobody has written to can be read, and is at revision 0") {
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    CHECK((co_await all.get(ada)).revision() == revision{});
    CHECK((co_await n.head()) == position{});
  });
}

TEST_CASE("commands to one stream decide one after the other, and those to several side by side") { // F.121
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    std::vector<task<receipt>> tasks;
    for (int i = 0; i < 200; ++i)
      for (const auto& stream : {ada, bob})
        tasks.push_back(all.execute(stream, [](account& a) {
          if (a.cents() < 100) a.deposit(1); // never more than 100, if they decide one after the other
        }));
    for (const auto& e : co_await all_of(std::move(tasks))) CHECK(e.code == errc::none);
    CHECK((co_await all.get(ada)).cents() == 100);
    CHECK((co_await all.get(bob)).cents() == 100);
    CHECK((co_await n.head()) == position{200});
  });
}

TEST_CASE("commands are answered while aggregates load and passivate") { // F.122
  node n{{.max_live_aggregates = 1}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    std::vector<task<receipt>> tasks;
    for (int i = 0; i < 300; ++i)
      tasks.push_back(all.execute(stream_id{"account-" + std::to_string(i % 7)}, [](account& a) { a.deposit(1); }));
    for (const auto& e : co_await all_of(std::move(tasks))) CHECK(e == error{});
    std::int64_t sum = 0;
    for (int i = 0; i < 7; ++i) sum += (co_await all.get(stream_id{"account-" + std::to_string(i)})).cents();
    CHECK(sum == 300);
  });
}

TEST_CASE("a refused command appends nothing and says why") { // F.123
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    const auto refused = co_await error_of(all.execute(ada, [](account& a) {
      a.deposit(1);
      a.withdraw(2);
    }));
    CHECK(refused.code == errc::rejected);
    CHECK(refused.message == "there is less on the account");
    CHECK((co_await n.head()) == position{});
    CHECK((co_await all.get(ada)).cents() == 0);
  });
}

TEST_CASE("a command that captures is named first and passed as a variable") {
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    const std::string owner(100, 'A'); // on the heap
    const auto open = [owner](account& a) { a.open(owner); };
    co_await all.execute(ada, open);
    CHECK((co_await all.get(ada)).owner() == owner);
  });
}

TEST_CASE("what is appended past an aggregate is seen by its next command") {
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    co_await all.execute(ada, [](account& a) { a.deposit(1); });
    append_request past{ada, expected_revision::any(), {new_event{"account:deposited", R"({"cents":10})"}}};
    co_await n.append(std::move(past));
    CHECK((co_await all.get(ada)).cents() == 11);
    co_await all.execute(ada, [](account& a) { a.withdraw(11); });
    CHECK((co_await all.get(ada)).cents() == 0);
  });
}

TEST_CASE("a hydrated event that sorts in front of what was folded is folded in its place") {
  test::manual_clock clock;
  node n{{.wall = clock}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    co_await all.execute(ada, [](account& a) { a.open("Ada"); });
    record early;
    early.id = make_event_id();
    early.stream = ada;
    early.type = "account:opened";
    early.data = R"({"owner":"Eve"})";
    early.created = timestamp::parse("2001-01-01T00:00:00Z").value();
    std::vector<record> records{early};
    const auto report = co_await n.hydrate(std::move(records));
    CHECK(report.written == 1);
    const auto a = co_await all.get(ada);
    CHECK(a.owner() == "Ada"); // the later one was folded behind the earlier one
    CHECK(a.revision() == revision{2});
  });
}

TEST_CASE("an aggregate whose stream cannot be folded answers with what is wrong") {
  test::temporary_folder folder;
  const auto url = "sqlite:" + (folder.path() / "a.db").string();
  {
    const auto store = open_sqlite_store(folder.path() / "a.db").value();
    const new_event broken{"account:deposited", R"({"cents":"many"})"};
    REQUIRE(store->append(append_request{ada, expected_revision::any(), {broken}}));
  }
  node n{{.store = url}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    const auto e = co_await error_of(all.execute(ada, [](account& a) { a.deposit(1); }));
    CHECK(e.code == errc::invalid_event);
    CHECK_MESSAGE(e.message.find("cents") != std::string::npos, e.message);
  });
}

TEST_CASE("an empty stream id is refused at the door") {
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    const auto e = co_await error_of(all.execute(stream_id{}, [](account& a) { a.deposit(1); }));
    CHECK(e.code == errc::invalid_argument);
    const auto reserved = co_await error_of(all.execute(stream_id{"$all"}, [](account& a) { a.deposit(1); }));
    CHECK(reserved.code == errc::invalid_argument);
  });
}

TEST_CASE("more commands than the node may hold are refused, and nothing of them is done") {
  node n{{.max_commands = 5}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    std::vector<task<receipt>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(all.execute(ada, [](account& a) { a.deposit(1); }));
    std::int64_t done = 0;
    for (const auto& e : co_await all_of(std::move(tasks))) {
      if (e.code == errc::none)
        ++done;
      else
        CHECK(e.code == errc::overloaded);
    }
    CHECK(done >= 5);
    CHECK(done < 50);
    CHECK((co_await all.get(ada)).cents() == done);
  });
}

TEST_CASE("a handle that outlives its node refuses") {
  std::optional<aggregates<account>> all;
  {
    node n{{}};
    all.emplace(n.aggregates<account>());
  }
  node other{{}};
  run(other, [&]() -> task<void> {
    const auto e = co_await error_of(all->execute(ada, [](account& a) { a.deposit(1); }));
    CHECK(e.code == errc::stopped);
  });
}

TEST_CASE("a coroutine on an executor of its own resumes there") {
  node n{{}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    boost::asio::io_context own;
    std::thread::id resumed_on;
    auto elsewhere = [&]() -> task<void> {
      co_await all.execute(ada, [](account& a) { a.deposit(1); });
      resumed_on = std::this_thread::get_id();
    };
    boost::asio::co_spawn(own, elsewhere, [](std::exception_ptr) {});
    std::thread thread{[&] { own.run(); }};
    const auto id = thread.get_id();
    thread.join();
    CHECK(resumed_on == id);
    co_return;
  });
}

namespace {

struct stray {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(stray, (), (number))

class fragile : public aggregate<fragile, skald::events<event<"account:opened", opened>>> {
public:
  static constexpr std::string_view name = "fragile";
  void with(const opened&) { throw std::runtime_error{"with must not fail"}; }
};

} // namespace

TEST_CASE("commands to an aggregate that crashes are answered, and others go on") { // F.122
  node n{{}};
  auto all = n.aggregates<account>();
  auto broken = n.aggregates<fragile>();
  run(n, [&]() -> task<void> {
    co_await all.execute(ada, [](account& a) { a.open("Ada"); });
    for (int i = 0; i < 3; ++i)
      CHECK((co_await error_of(broken.execute(ada, [](fragile&) {}))).code == errc::broken_promise);
    co_await broken.execute(bob, [](fragile&) {});
    co_await all.execute(ada, [](account& a) { a.deposit(1); });
  });
}

TEST_CASE("a typed event of a type that the node does not know is refused, and nothing is stored") { // A.25
  node n{{}};
  n.events<account_events>();
  run(n, [&]() -> task<void> {
    append_request request{ada, expected_revision::any(), {encode<event<"stray:event", stray>>(stray{1}).value()}};
    CHECK((co_await error_of(n.append(std::move(request)))).code == errc::event_missing);
    CHECK((co_await n.head()) == position{});
  });
}

TEST_CASE("a read outlives the handle it was made with, and a coroutine elsewhere outlives the node") {
  boost::asio::io_context own;
  {
    node n{{}};
    auto all = n.aggregates<account>();
    run(n, [&]() -> task<void> {
      std::optional<aggregates<account>> handle{all};
      auto reading = handle->get(ada);
      handle.reset();
      CHECK((co_await std::move(reading)).revision() == revision{});
    });
  }
  node n{{.grace = std::chrono::milliseconds{1}}};
  boost::asio::co_spawn(own, n.head(), [](std::exception_ptr, position) {});
  own.poll(); // it is refused, the node does not run; its frame goes later than the node
}

TEST_CASE("a record may be made beside co_await") {
  node n{{}};
  n.events<account_events>();
  run(n, [&]() -> task<void> {
    CHECK((co_await n.status(test::foreign(1, "x", test::at(1)))) == record_status{false, false});
  });
}

TEST_CASE("many more streams than may live pass through") {
  node n{{.max_live_aggregates = 50}};
  auto all = n.aggregates<account>();
  run(n, [&]() -> task<void> {
    std::vector<task<receipt>> tasks;
    for (int i = 0; i < 2000; ++i)
      tasks.push_back(all.execute(stream_id{"s" + std::to_string(i)}, [](account& a) { a.deposit(1); }));
    for (const auto& e : co_await all_of(std::move(tasks))) CHECK(e == error{});
    CHECK((co_await n.head()) == position{2000});
  });
}
