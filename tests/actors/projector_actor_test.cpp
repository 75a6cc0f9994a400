#include <skald/actors/projector_actor.hpp>

#include <skald/actors/caf.hpp>
#include <skald/actors/reader_actor.hpp>
#include <skald/actors/store_actor.hpp>
#include <skald/store/memory_store.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <tests/actors/forwarding_store.hpp>
#include <tests/store/printing.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace skald;
using namespace skald::actors;

namespace {

/// A store of three events whose projections can be made to fail.
class flaky_store final : public forwarding_store {
public:
  flaky_store() : forwarding_store{open_memory_store()} {
    for (int i = 0; i < 3; ++i)
      inner().append(append_request{stream_id{"s"}, expected_revision::any(), {new_event{"tick", "{}"}}}).value();
  }

  std::atomic<int> saves_that_fail{0};
  std::atomic<bool> registers{true};
  std::mutex may_rewind;        ///< a rewind waits for it
  std::promise<void> rewinding; ///< the first one waits

  result<void> save(std::span<const checkpoint_update> updates) override {
    if (saves_that_fail > 0) {
      --saves_that_fail;
      return error{errc::insertion_failed, "the disk is full"};
    }
    return forwarding_store::save(updates);
  }
  result<checkpoint> register_projection(std::string_view projection, std::optional<position> from) override {
    if (!registers) return error{errc::insertion_failed, "the disk is full"};
    return forwarding_store::register_projection(projection, from);
  }
  result<checkpoint> rewind(std::string_view projection, position handled) override {
    if (!std::exchange(rewound_, true)) rewinding.set_value();
    const std::lock_guard lock{may_rewind};
    return forwarding_store::rewind(projection, handled);
  }

  position checkpoint_of(std::string_view projection) {
    return inner().register_projection(projection, std::nullopt).value().handled;
  }

private:
  bool rewound_ = false;
};

template <class T>
std::pair<promise<T>, std::future<result<T>>> promised() {
  auto place = std::make_shared<std::promise<result<T>>>();
  auto future = place->get_future();
  return {promise<T>{[place](result<T> answer) { place->set_value(std::move(answer)); }}, std::move(future)};
}

/// A projector over a flaky store, to which all is fresh, with one `on` handler.
class fixture {
public:
  fixture() {
    store_actor writer = spawn<store_behavior, caf::detached>(system_, store, [](position) {});
    std::vector<reader_actor> readers{spawn<reader_behavior, caf::detached>(system_, store)};
    client_ = std::make_shared<store_client>(std::move(writer), std::move(readers), bytes_);
    handler count{"on:tick", handler_kind::on, "tick", 1, [this](auto, delivery how) { return note(how); }};
    auto tell = [this](const error& why, const record*) {
      const std::lock_guard lock{mutex_};
      told_.push_back(why.message);
    };
    projector_actor actor = spawn<projector_behavior>(
      system_, std::make_shared<const projector_setup>(
                 projector_setup{"p", position{}, {count}, client_, context_.get_executor(), std::move(tell)}));
    projector_.attach(std::move(actor));
  }
  ~fixture() {
    projector_.end();
    client_->end();
    work_.reset();
    thread_.join();
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  result<void> begin_and_wake() {
    auto begun = ask([](auto answer) { return actors::begin{std::move(answer)}; }).get();
    if (begun) projector_.send(committed{});
    return begun;
  }

  void wake(position head) { projector_.send(committed{head}); }

  /// Sends the message that `make` makes of a promise.
  template <class Make>
  std::future<result<void>> ask(Make make) {
    auto [answer, future] = promised<void>();
    projector_.send(make(std::move(answer)));
    return std::move(future);
  }

  std::future<result<void>> reach(position target) {
    return ask([target](auto answer) { return actors::reach{target, std::chrono::hours{1}, std::move(answer)}; });
  }
  std::future<result<void>> replay(position from, std::function<void()> reset = {}) {
    return ask([&](auto answer) { return actors::replay{from, reset, std::move(answer)}; });
  }
  std::future<result<void>> halt() {
    return ask([](auto answer) { return actors::halt{std::chrono::hours{1}, std::move(answer)}; });
  }

  /// Asks for a replay of all, and for the end while the store rewinds; halts. Answers the replay's answer.
  std::future<result<void>> halt_while_rewinding(std::function<void()> reset = {}) {
    std::unique_lock hold{store.may_rewind};
    auto replayed = replay(position{}, std::move(reset));
    store.rewinding.get_future().wait();
    auto halted = halt();
    hold.unlock();
    CHECK(halted.get());
    return replayed;
  }

  std::vector<std::string> told() {
    const std::lock_guard lock{mutex_};
    return told_;
  }

  flaky_store store;
  std::atomic<int> handled{0};
  std::atomic<int> fresh{0}; ///< of those

private:
  task<void> note(delivery how) {
    ++handled;
    if (how == delivery::fresh) ++fresh;
    co_return;
  }

  std::mutex mutex_;
  std::vector<std::string> told_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = make_work_guard(context_);
  std::thread thread_{[this] { context_.run(); }};
  gate bytes_{1 << 20, "bytes of events"};
  config<caf::id_block::skald> configuration_{2};
  caf::actor_system system_{configuration_};
  std::shared_ptr<store_client> client_;
  actors::link<projector_actor> projector_;
};

} // namespace

TEST_CASE("a projection that cannot be registered does not begin, and it is told") {
  fixture f;
  f.store.registers = false;
  const auto begun = f.begin_and_wake();
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code == errc::insertion_failed);
  CHECK(f.told() == std::vector<std::string>{"the disk is full"});
  CHECK(f.halt().get());
  CHECK(f.handled == 0);
}

TEST_CASE("a checkpoint that cannot be saved stops its projection, is told, and is saved at the end") {
  fixture f;
  f.store.saves_that_fail = 1;
  REQUIRE(f.begin_and_wake());
  (void)f.reach(position{4}).get(); // ends when the projection stops
  CHECK(f.told() == std::vector<std::string>{"the disk is full"});
  CHECK(f.store.checkpoint_of("p") == position{0});
  CHECK(f.reach(position{4}).get().error().message == "the disk is full");
  CHECK(f.halt().get());
  CHECK(f.store.checkpoint_of("p") == position{3});
  CHECK(f.told().size() == 1);
}

TEST_CASE("a checkpoint that cannot be saved at the end either is the answer of the end") {
  fixture f;
  f.store.saves_that_fail = 1'000'000;
  REQUIRE(f.begin_and_wake());
  CHECK_FALSE(f.reach(position{4}).get());
  const auto halted = f.halt().get();
  REQUIRE_FALSE(halted);
  CHECK(halted.error().message == "the disk is full");
  CHECK(f.store.checkpoint_of("p") == position{0});
}

TEST_CASE("a replay that has begun when the end comes is answered first, and delivered the next time") {
  fixture f;
  REQUIRE(f.begin_and_wake());
  CHECK(f.reach(position{3}).get());
  const int before = f.handled;
  std::atomic<bool> reset{false};
  auto replayed = f.halt_while_rewinding([&] { reset = true; });
  CHECK(replayed.wait_for(std::chrono::seconds{0}) == std::future_status::ready);
  CHECK(replayed.get());
  CHECK(reset);
  CHECK(f.handled == before);
  CHECK(f.store.checkpoint_of("p") == position{0});
}

TEST_CASE("what could not be saved before a replay is saved with it: it does not come as fresh, and progress goes on") {
  fixture f;
  f.store.saves_that_fail = 1;
  REQUIRE(f.begin_and_wake());
  CHECK_FALSE(f.reach(position{4}).get());
  CHECK(f.replay(position{}).get());
  CHECK(f.reach(position{3}).get());
  CHECK(f.handled == 6);
  CHECK(f.fresh == 3);
  CHECK(f.replay(position{3}).get()); // begins once all is saved, and delivers nothing
  CHECK(f.store.checkpoint_of("p") == position{3});

  f.store.saves_that_fail = 1; // is told, as the first one was
  f.store.inner().append(append_request{stream_id{"s"}, expected_revision::any(), {new_event{"tick", "{}"}}}).value();
  f.wake(position{4});
  CHECK_FALSE(f.reach(position{5}).get());
  CHECK(f.told().size() == 2);
}

TEST_CASE("a replay that has begun when the end comes is not undone by what could not be saved before it") {
  fixture f;
  f.store.saves_that_fail = 1;
  REQUIRE(f.begin_and_wake());
  CHECK_FALSE(f.reach(position{4}).get());
  CHECK(f.halt_while_rewinding().get());
  CHECK(f.store.checkpoint_of("p") == position{0});
}

TEST_CASE("a replay that cannot save what could not be saved before it does not begin, and loses nothing") {
  fixture f;
  f.store.saves_that_fail = 2;
  REQUIRE(f.begin_and_wake());
  CHECK_FALSE(f.reach(position{4}).get());
  CHECK_FALSE(f.replay(position{}).get());
  CHECK(f.halt().get());
  CHECK(f.handled == 3);
  CHECK(f.store.checkpoint_of("p") == position{3});
}
