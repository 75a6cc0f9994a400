#include "floor.hpp"
#include "workloads.hpp"
#include <skald/actors/ask.hpp>
#include <skald/actors/node.hpp>
#include <skald/store/json.hpp>
#include <skald/store/sqlite_store.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

namespace bench {

struct renamed {
  std::string name;
  std::string email;
  std::int64_t age = 0;
};
BOOST_DESCRIBE_STRUCT(renamed, (), (name, email, age))

namespace {

using user_events = skald::events<skald::event<"user:renamed", renamed>>;

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

const std::string sample_data =
  R"({"name":"Johnathan Doe-Smithson-van-der-Berg","email":"john.doe@fixture-mail.example.none","age":42})";

/// A new store file, gone at the end.
class store_file {
public:
  explicit store_file(const std::filesystem::path& folder) : path_{folder / "bench.db"} {
    remove();
    (void)skald::open_sqlite_store(path_).value();
  }
  ~store_file() { remove(); }
  store_file(const store_file&) = delete;
  store_file& operator=(const store_file&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string url() const { return "sqlite:" + path_.string(); }

private:
  void remove() const {
    for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix);
  }
  std::filesystem::path path_;
};

std::vector<std::string> stream_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("user-" + skald::make_event_id().str());
  return names;
}

/// Appends `events` one-event requests in groups of `group`, over a thousand streams, by plain SQLite.
seconds plain_groups(const std::filesystem::path& folder, std::size_t events, std::size_t group, bool id_given,
                     std::size_t streams = 1000) {
  const store_file file{folder};
  const auto names = stream_names(streams);
  plain_sqlite db{file.path()};
  std::vector<plain_sqlite::event> batch;
  return timed([&] {
    for (std::size_t done = 0; done < events; done += batch.size()) {
      batch.clear();
      for (std::size_t i = 0; i < group && done + i < events; ++i)
        batch.push_back({names[(done + i) % names.size()], id_given});
      db.append(batch, sample_data);
    }
  });
}

/// The same through the port.
seconds port_groups(const std::filesystem::path& folder, std::size_t events, std::size_t group) {
  const store_file file{folder};
  const auto store = skald::open_sqlite_store(file.path()).value();
  std::vector<skald::stream_id> names;
  for (auto& name : stream_names(1000)) names.emplace_back(std::move(name));
  std::vector<skald::append_request> batch;
  return timed([&] {
    for (std::size_t done = 0; done < events; done += batch.size()) {
      batch.clear();
      for (std::size_t i = 0; i < group && done + i < events; ++i) {
        skald::new_event event{"user:renamed", sample_data};
        event.typed = true;
        batch.emplace_back(names[(done + i) % names.size()], skald::expected_revision::any(),
                           std::vector{std::move(event)});
      }
      for (const auto& answer : store->append(batch)) (void)answer.value();
    }
  });
}

void must_run(skald::node& n, std::function<skald::task<void>()> main) {
  if (n.run(std::move(main)) != 0) throw std::runtime_error{"a benchmark failed, see above"};
}

/// `events` commands with `in_flight` of them under way, each to a stream of its own.
seconds through_aggregates(const std::filesystem::path& folder, std::size_t events, std::size_t in_flight) {
  const store_file file{folder};
  const auto names = stream_names(in_flight);
  seconds taken{};
  skald::node n{{.store = file.url()}};
  auto users = n.aggregates<user>();
  must_run(n, [&]() -> skald::task<void> {
    const auto executor = n.executor();
    boost::asio::experimental::channel<void(boost::system::error_code)> finished{executor, in_flight};
    auto client = [&](std::size_t i) -> skald::task<void> {
      const skald::stream_id stream{names[i]};
      for (std::size_t k = i; k < events; k += in_flight) co_await users.execute(stream, [](user& u) { u.rename(); });
      finished.try_send(boost::system::error_code{});
    };
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < in_flight; ++i)
      boost::asio::co_spawn(executor, client(i), [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
    for (std::size_t i = 0; i < in_flight; ++i) co_await finished.async_receive(boost::asio::use_awaitable);
    taken = std::chrono::steady_clock::now() - start;
  });
  return taken;
}

using echo_actor = skald::actors::typed_actor<caf::result<std::int64_t>(std::int64_t)>;

class echo_state {
public:
  static constexpr const char* name = "echo";
  explicit echo_state(echo_actor::pointer) {}
  echo_actor::behavior_type make_behavior() {
    return {[](std::int64_t number) -> caf::result<std::int64_t> { return number; }};
  }
};

/// A plain append and three asks of an echo actor by a coroutine, `events` times.
seconds append_and_asks(const std::filesystem::path& folder, std::size_t events) {
  auto taken = plain_groups(folder, events, 1, true, 1);
  skald::node n{{}};
  must_run(n, [&]() -> skald::task<void> {
    const echo_actor echo = skald::actors::spawn<echo_state>(skald::actors::actor_system_of(n));
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(3 * events); ++i)
      (void)co_await skald::actors::ask<std::int64_t>(echo, std::chrono::hours{1}, i);
    taken += std::chrono::steady_clock::now() - start;
    skald::actors::send_exit(echo);
  });
  return taken;
}

/// One request of `events` events in one stream.
seconds one_request(const std::filesystem::path& folder, std::size_t events) {
  const store_file file{folder};
  const auto store = skald::open_sqlite_store(file.path()).value();
  skald::new_event event{"user:renamed", sample_data};
  event.typed = true;
  const skald::append_request request{skald::stream_id{"user-1"}, skald::expected_revision::no_stream(),
                                      std::vector{events, event}};
  return timed([&] { (void)store->append(request).value(); });
}

/// A store that is filled once and read by every pair.
class filled_store {
public:
  filled_store(const std::filesystem::path& folder, std::size_t events) : file_{folder} {
    const auto store = skald::open_sqlite_store(file_.path()).value();
    std::vector<skald::append_request> batch;
    for (std::size_t i = 0; i < events; i += batch.size()) {
      batch.clear();
      for (std::size_t k = 0; k < 1000 && i + k < events; ++k)
        batch.emplace_back(skald::stream_id{"user-" + std::to_string((i + k) % 10'000)},
                           skald::expected_revision::any(), std::vector{skald::new_event{"user:renamed", sample_data}});
      for (const auto& answer : store->append(batch)) (void)answer.value();
    }
  }

  seconds scan_and_parse() {
    plain_sqlite db{file_.path()};
    std::int64_t sum = 0;
    return timed([&] { db.scan([&](std::string_view data) { sum += skald::from_json<renamed>(data).value().age; }); });
  }

  seconds replay() {
    seconds taken{};
    skald::node n{{.store = file_.url()}};
    n.events<user_events>();
    auto p = n.projector("projection-" + std::to_string(++rounds_)); // a new name: history arrives as hydrated
    std::int64_t sum = 0;
    p.on<renamed>([&sum](skald::record_of<renamed> r) -> skald::task<void> {
      sum += r->age;
      co_return;
    });
    const auto start = std::chrono::steady_clock::now();
    must_run(n, [&]() -> skald::task<void> {
      const auto head = co_await n.head();
      co_await p.reached(head, std::chrono::hours{1});
      taken = std::chrono::steady_clock::now() - start;
    });
    return taken;
  }

private:
  store_file file_;
  int rounds_ = 0;
};

} // namespace

std::vector<workload> workloads(const std::filesystem::path& folder, double scale) {
  const auto scaled = [scale](std::size_t n) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(n) * scale));
  };
  std::vector<workload> all;
  for (const std::size_t group : {1, 64, 256}) {
    const auto events = scaled(group == 1 ? 1000 : 25'600);
    all.push_back({"port, groups of " + std::to_string(group), "events", events,
                   [=] { return plain_groups(folder, events, group, false); },
                   [=] { return port_groups(folder, events, group); }, 0.9});
  }
  const auto single = scaled(1000);
  all.push_back({"aggregates, one at a time, against a plain append and three asks", "commands", single,
                 [=] { return append_and_asks(folder, single); }, [=] { return through_aggregates(folder, single, 1); },
                 1.0});
  for (const std::size_t in_flight : {64, 256}) {
    const auto events = scaled(25'600);
    all.push_back({"aggregates, " + std::to_string(in_flight) + " in flight, against plain groups of as many",
                   "commands", events, [=] { return plain_groups(folder, events, in_flight, true, in_flight); },
                   [=] { return through_aggregates(folder, events, in_flight); },
                   in_flight == 256 ? std::optional{0.5} : std::nullopt});
  }
  const auto many = scaled(10'000);
  all.push_back({"one request of " + std::to_string(many) + " events", "events", many,
                 [=] { return plain_groups(folder, many, many, false, 1); }, [=] { return one_request(folder, many); },
                 std::nullopt});
  const auto history = scaled(1'000'000);
  const auto filled = std::make_shared<std::unique_ptr<filled_store>>();
  const auto store = [=]() -> filled_store& {
    if (!*filled) *filled = std::make_unique<filled_store>(folder, history);
    return **filled;
  };
  all.push_back({"replay through one `on` handler, against a plain scan that parses", "events", history,
                 [=] { return store().scan_and_parse(); }, [=] { return store().replay(); }, 0.3});
  return all;
}

} // namespace bench
