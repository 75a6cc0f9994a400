#include "fixtures.hpp"
#include "workloads.hpp"
#include <skald/actors/interfaces.hpp>
#include <skald/actors/node.hpp>
#include <skald/actors/store_actor.hpp>
#include <skald/actors/store_client.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <future>
#include <stdexcept>

namespace bench {

seconds through_store_actor(skald::event_store& store, const std::vector<skald::stream_id>& streams, std::size_t events,
                            std::size_t in_flight) {
  skald::node n{{}}; // for its actor system
  skald::actors::gate room{std::size_t{64} << 20, "bytes of events"};
  skald::actors::store_actor writer = skald::actors::spawn<skald::actors::store_behavior, caf::detached>(
    skald::actors::actor_system_of(n), store, [](skald::position) {});
  skald::actors::store_client client{std::move(writer), {}, room};
  rotation names{streams};
  std::size_t sent = 0; // both are of the store's thread, once the first group is sent
  std::size_t answered = 0;
  std::promise<void> finished;
  std::function<void()> send = [&] {
    ++sent;
    client.append(request_to(names.next()), skald::actors::promise<skald::receipt>{[&](const auto& answer) {
                    if (!answer) std::terminate(); // nobody would catch it on that thread
                    if (++answered == events) return finished.set_value();
                    if (sent < events) send();
                  }});
  };
  const auto taken = timed([&] {
    // Nothing is answered before all of it is sent: the store's thread waits here.
    std::promise<void> all_sent;
    client.write<void>(
      [&](skald::event_store&) {
        all_sent.get_future().wait();
        return skald::result<void>{};
      },
      skald::actors::promise<void>{});
    for (std::size_t i = 0; i < std::min(in_flight, events); ++i) send();
    all_sent.set_value();
    finished.get_future().wait();
  });
  client.end();
  return taken;
}

seconds through_store_actor(const std::filesystem::path& folder, std::size_t streams, std::size_t events,
                            std::size_t in_flight) {
  return on_new_store(folder, events, [=](const store_file& file) {
    return through_store_actor(*file.open(), ordered_names(streams), events, in_flight);
  });
}

namespace {

class user : public skald::aggregate<user, user_events> {
public:
  static constexpr std::string_view name = "user";
  void with(const renamed& e) { age_ = e.age; }
  void rename() {
    push(renamed{"Johnathan Doe-Smithson-van-der-Berg", "john.doe@fixture-mail.example.none", age_ + 1});
  }

private:
  std::int64_t age_ = 0;
};

void must_run(skald::node& n, std::function<skald::task<void>()> main) {
  if (n.run(std::move(main)) != 0) throw std::runtime_error{"a benchmark failed, see above"};
}

/// Runs `client(i)` for each i below `in_flight` side by side on a node.
template <class Client>
seconds side_by_side(skald::node& n, std::size_t in_flight, Client client) {
  seconds taken{};
  must_run(n, [&]() -> skald::task<void> {
    const auto executor = n.executor();
    boost::asio::experimental::channel<void(boost::system::error_code)> finished{executor, in_flight};
    auto run = [&](std::size_t i) -> skald::task<void> {
      co_await client(i);
      finished.try_send(boost::system::error_code{});
    };
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < in_flight; ++i)
      boost::asio::co_spawn(executor, run(i), [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
    for (std::size_t i = 0; i < in_flight; ++i) co_await finished.async_receive(boost::asio::use_awaitable);
    taken = std::chrono::steady_clock::now() - start;
  });
  return taken;
}

/// `events` commands with `in_flight` of them under way, each to a stream of its own.
seconds through_aggregates(const std::filesystem::path& folder, std::size_t events, std::size_t in_flight) {
  return on_new_store(folder, events, [=](const store_file& file) {
    const auto names = ordered_names(in_flight);
    skald::node n{{.store = file.url()}};
    auto users = n.aggregates<user>();
    return side_by_side(n, in_flight, [&](std::size_t i) -> skald::task<void> {
      for (std::size_t k = i; k < events; k += in_flight) co_await users.execute(names[i], [](user& u) { u.rename(); });
    });
  });
}

using echo_actor = skald::actors::typed_actor<caf::result<void>(skald::actors::resume)>;

class echo_behavior {
public:
  static constexpr const char* name = "echo";
  explicit echo_behavior(echo_actor::pointer) {}
  echo_actor::behavior_type make_behavior() {
    return {[](const skald::actors::resume& answer) { (*answer.run)(); }};
  }
};

/// A message to the actor, which posts the coroutine back to its executor. Nothing cheaper waits for an actor.
skald::task<void> round_trip(echo_actor to) {
  const auto initiate = [&to](auto handler) {
    const auto executor = boost::asio::get_associated_executor(handler);
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    auto answer = [waiting, executor] { boost::asio::post(executor, [waiting] { std::move (*waiting)(); }); };
    skald::actors::send(to, skald::actors::resume{std::make_shared<std::function<void()>>(std::move(answer))});
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(initiate,
                                                                                     boost::asio::use_awaitable);
}

/// A plain append and so many round trips between a coroutine and an actor, `events` times.
seconds append_and_trips(const std::filesystem::path& folder, std::size_t events, std::size_t trips) {
  auto taken = plain_groups(folder, 1, events, 1, plain_sqlite::ids::given);
  skald::node n{{}};
  must_run(n, [&]() -> skald::task<void> {
    const echo_actor echo = skald::actors::spawn<echo_behavior>(skald::actors::actor_system_of(n));
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < trips * events; ++i) co_await round_trip(echo);
    taken += std::chrono::steady_clock::now() - start;
    skald::actors::send_exit(echo);
  });
  return taken;
}

} // namespace

std::vector<workload> actor_workloads(const setting& s) {
  std::vector<workload> all;
  const auto single = s.scaled(1000);
  for (const std::size_t trips : {3, 2})
    all.push_back({"aggregates, one at a time, against a plain append and " + std::to_string(trips) + " round trips",
                   "commands", single, [=] { return append_and_trips(s.folder, single, trips); },
                   [=] { return through_aggregates(s.folder, single, 1); },
                   trips == 3 ? std::optional{1.0} : std::nullopt});
  for (const std::size_t in_flight : {64, 256}) {
    const auto events = s.scaled(25'600);
    all.push_back({"aggregates, " + std::to_string(in_flight) + " in flight, against plain groups of as many",
                   "commands", events,
                   [=] { return plain_groups(s.folder, in_flight, events, in_flight, plain_sqlite::ids::given); },
                   [=] { return through_aggregates(s.folder, events, in_flight); },
                   in_flight == 256 ? std::optional{0.5} : std::nullopt});
  }
  constexpr std::size_t streams = 1000;
  const auto grouped = s.scaled(51'200);
  all.push_back({"store actor, groups of 256", "events", grouped,
                 [=] { return plain_groups(s.folder, streams, grouped, 256); },
                 [=] { return through_store_actor(s.folder, streams, grouped, 256); }, 0.75});
  return all;
}

} // namespace bench
