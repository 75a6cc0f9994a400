#include <skald/actors/node.hpp>

#include <skald/actors/aggregate_actor.hpp>
#include <skald/actors/gate.hpp>
#include <skald/actors/interfaces.hpp>
#include <skald/actors/projector_actor.hpp>
#include <skald/actors/promise.hpp>
#include <skald/actors/store_actor.hpp>
#include <skald/actors/timers.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/open_store.hpp>
#include <skald/store/quoted.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <future>
#include <iostream>
#include <optional>
#include <thread>
#include <utility>

namespace skald {

namespace asio = boost::asio;

namespace {

using changed_streams = std::vector<std::pair<stream_id, revision>>;

void tell(const std::string& what) { std::cerr << "skald: " + what + "\n"; }

/// A promise whose answer a thread waits for.
template <class T>
std::pair<actors::promise<T>, std::future<result<T>>> blocking_promise() {
  auto place = std::make_shared<std::promise<result<T>>>();
  auto future = place->get_future();
  return {actors::promise<T>{[place](result<T> answer) { place->set_value(std::move(answer)); }}, std::move(future)};
}

/// Lets commands of one aggregate type in.
class command_entrance final : public detail::command_door, public std::enable_shared_from_this<command_entrance> {
public:
  command_entrance(std::shared_ptr<actors::gate> gate, std::shared_ptr<actors::link<actors::directory_actor>> directory)
    : gate_{std::move(gate)}, directory_{std::move(directory)} {}

  task<receipt> execute(stream_id stream, decision decide) override {
    return execute(shared_from_this(), std::move(stream), std::move(decide));
  }

private:
  static task<receipt> execute(std::shared_ptr<command_entrance> self, stream_id stream, decision decide) {
    if (stream.empty()) throw failure{errc::invalid_argument, "a stream id is empty: give it a name"};
    const auto pass = self->gate_->enter().value();
    auto start = [&](actors::promise<receipt> answer) {
      using content = actors::command_work::content;
      self->directory_->send(actors::command_work{
        std::make_shared<content>(content{std::move(stream), std::move(decide), std::move(answer)})});
    };
    auto answer = co_await actors::await_promise<receipt>(start);
    co_return std::move(answer).value();
  }

  std::shared_ptr<actors::gate> gate_;
  std::shared_ptr<actors::link<actors::directory_actor>> directory_;
};

/// A projection before and while it runs.
class projection final : public detail::projection_door, public std::enable_shared_from_this<projection> {
public:
  projection(std::string name, projector_options options, std::shared_ptr<const catalog> types)
    : name_{std::move(name)}, options_{options}, types_{std::move(types)} {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const catalog& types() const override { return *types_; }

  void add(handler h) override {
    if (started_)
      throw failure{errc::invalid_argument,
                    "projection " + detail::in_quotes(name_) + " runs: add its handlers before"};
    if (auto problem = detail::problem_of_name("a handler's name", h.id, limits::handler_name_bytes))
      throw failure{*problem};
    if (std::ranges::any_of(handlers_, [&](const handler& other) { return other.id == h.id; }))
      throw failure{errc::invalid_argument, "projection " + detail::in_quotes(name_) + " has a handler " +
                                              detail::in_quotes(h.id) + " already: give the second one a name"};
    handlers_.push_back(std::move(h));
  }

  void spawn(caf::actor_system& system, std::shared_ptr<const actors::store_client> store,
             asio::any_io_executor executor, std::function<void(const error&, const record*)> on_error) {
    auto setup = std::make_shared<actors::projector_setup>(actors::projector_setup{
      name_, options_.fresh_from, handlers_, std::move(store), std::move(executor), std::move(on_error)});
    actors::projector_actor actor = actors::spawn<actors::projector_state>(system, std::move(setup));
    started_ = true;
    actor_.attach(std::move(actor));
  }

  template <class Message>
  bool send(Message message) const {
    return actor_.send(std::move(message));
  }

  void end() { actor_.end(); }

  task<void> reached(position target, std::chrono::milliseconds patience) override {
    return ask(shared_from_this(),
               [target, patience](auto answer) { return actors::reach{target, patience, std::move(answer)}; });
  }

  task<void> replay(position from, std::function<void()> reset) override {
    return ask(shared_from_this(), [from, reset = std::move(reset)](auto answer) {
      return actors::replay{from, reset, std::move(answer)};
    });
  }

private:
  template <class MakeMessage>
  static task<void> ask(std::shared_ptr<projection> self, MakeMessage make) {
    auto start = [&](actors::promise<void> answer) {
      if (!self->send(make(answer)))
        answer.deliver(error{errc::stopped, "projection " + detail::in_quotes(self->name_) + " is not running"});
    };
    const auto answer = co_await actors::await_promise<void>(start);
    answer.value();
  }

  std::string name_;
  projector_options options_;
  std::shared_ptr<const catalog> types_;
  std::vector<handler> handlers_;
  bool started_ = false;
  actors::link<actors::projector_actor> actor_; ///< to nobody before and after it runs
};

} // namespace

class node::impl {
public:
  /// How long a shutdown waits for what should be over in a moment, before it goes on without.
  static constexpr std::chrono::seconds after_cancel{5};

  explicit impl(node_options given)
    : options{std::move(given)}, types{std::make_shared<catalog>()},
      store{open_store(options.store, {.catalog = types,
                                       .wall = options.wall,
                                       .durability = options.durability,
                                       .command_retention = options.command_retention,
                                       .verify_reads = options.verify_reads})
              .value()},
      commands{std::make_shared<actors::gate>(options.max_commands, "commands")},
      append_bytes{options.max_append_bytes, "bytes of events"}, work{asio::make_work_guard(context)},
      thread{[this] { context.run(); }} {
    if (!options.on_error) options.on_error = [](const error& why, const record*) { tell(why.message); };
    options.grace = actors::bounded(options.grace);
    options.poll = std::max(actors::bounded(options.poll), std::chrono::milliseconds{1}); // others have a turn between
    if (options.accept_unknown_types) types->accept_unknown_types();
    commands->close(); // until it runs
    spawn_store();
  }

  ~impl() {
    shut_down();
    context.stop();
    thread.join();
    system.reset();
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  void spawn_store() {
    actors::store_actor writer =
      actors::spawn<actors::store_state, caf::detached>(*system, *store, [this](position head) {
        for (const auto& p : projections) p->send(actors::committed{head});
      });
    std::vector<actors::reader_actor> readers;
    for (int i = 0; i < 2; ++i) readers.push_back(actors::spawn<actors::reader_state, caf::detached>(*system, *store));
    client = std::make_shared<actors::store_client>(std::move(writer), std::move(readers), append_bytes);
  }

  /// Tells of what makes `run` fail.
  void report(const error& why, const record* r) {
    failed = true;
    mention(why, r);
  }

  /// Tells who was asked to be told. On any thread.
  void mention(const error& why, const record* r) {
    try {
      options.on_error(why, r);
    } catch (const std::exception& e) {
      tell(std::string{"on_error itself failed: "} + e.what() + "; it was told: " + why.message);
    } catch (...) {
      tell("on_error itself failed; it was told: " + why.message);
    }
  }

  /// Registers and starts the projections. Answers the first error.
  result<void> start_projections() {
    std::vector<std::future<result<void>>> registered;
    for (const auto& p : projections)
      p->spawn(*system, client, context.get_executor(), [this](const error& why, const record* r) { report(why, r); });
    for (const auto& p : projections) {
      auto [promise, future] = blocking_promise<void>();
      p->send(actors::begin{std::move(promise)});
      registered.push_back(std::move(future));
    }
    for (auto& r : registered)
      if (auto answer = r.get(); !answer) return answer;
    return {};
  }

  /// Lets nothing new in, wherever it comes from. What waits for a projection is refused.
  void stop_intake() {
    commands->close();
    for (const auto& p : projections) p->send(actors::halt{options.grace, {}});
  }

  void shut_down() {
    if (std::exchange(ended, true)) return;
    std::vector<std::future<result<void>>> halted;
    for (const auto& p : projections) {
      auto [promise, future] = blocking_promise<void>();
      p->send(actors::halt{options.grace, std::move(promise)});
      halted.push_back(std::move(future));
    }
    const auto patience = std::chrono::steady_clock::now() + options.grace + after_cancel;
    for (std::size_t i = 0; i < halted.size(); ++i)
      if (halted[i].wait_until(patience) != std::future_status::ready) {
        failed = true;
        tell("projection " + detail::in_quotes(projections[i]->name()) +
             " has a handler that goes on although it was cancelled");
      }
    commands->close();
    finish_accepted();
    for (const auto& p : projections) p->end();
    for (const auto& d : directories) d->end();
    client->end();
  }

  /// What was accepted is finished, for as long as the disk needs; only coroutines that do not fetch their answers are
  /// left behind.
  void finish_accepted() {
    constexpr std::chrono::milliseconds round{100};
    for (auto left = after_cancel / round; !commands->wait_until_empty(round); --left) {
      if (left == 0) return tell("there are coroutines that do not fetch the answers to what they have sent");
      auto [promise, future] = blocking_promise<void>();
      client->write<void>([](event_store&) { return result<void>{}; }, std::move(promise));
      future.wait(); // everything that had been sent to the store is done
    }
  }

  /// Calls `send(promise)`, which has to see to an answer, once the node accepts something.
  template <class T, class Send>
  task<T> accepted(Send send) {
    const auto home = commands; // outlives the pass, wherever this coroutine is destroyed
    const auto pass = home->enter().value();
    auto answer = co_await actors::await_promise<T>(std::move(send));
    co_return std::move(answer).value();
  }

  template <class T, class Work>
  task<T> read(Work work) {
    return accepted<T>(
      [this, work = std::move(work)](actors::promise<T> answer) { client->read<T>(work, std::move(answer)); });
  }

  /// Tells projections and aggregates what other processes append, for as long as there is a store to ask. On Asio's
  /// thread.
  task<void> watch() {
    asio::steady_timer timer{context};
    auto ask = [this](actors::promise<std::optional<position>> answer) {
      client->write<std::optional<position>>([](event_store& s) { return s.appended_elsewhere(); }, std::move(answer));
    };
    std::optional<error> told;
    for (;;) {
      timer.expires_after(options.poll);
      co_await timer.async_wait(asio::use_awaitable);
      const auto others = co_await actors::await_promise<std::optional<position>>(ask);
      if (others && *others && !untold) untold = *others;
      result<void> looked;
      if (others)
        looked = co_await tell_of_others();
      else
        looked = others.error();
      if (looked) {
        told.reset();
        continue;
      }
      if (looked.error().code == errc::broken_promise) co_return; // the node ends
      if (!std::exchange(told, looked.error())) mention(looked.error(), nullptr);
    }
  }

  /// Tells what lies behind `untold`, page by page.
  task<result<void>> tell_of_others() {
    while (untold) {
      auto read_page = [this, next = all_query{}.after(*untold)](actors::promise<page> answer) {
        client->read<page>([next](const event_store& s) { return s.read(next); }, std::move(answer));
      };
      const auto next = co_await actors::await_promise<page>(read_page);
      if (!next) co_return next.error();
      auto changed = std::make_shared<changed_streams>();
      for (const auto& r : next->records) changed->emplace_back(r.stream, r.revision);
      for (const auto& d : directories) d->send(actors::streams_changed{changed});
      if (!next->records.empty()) untold = next->records.back().position;
      for (const auto& p : projections) p->send(actors::committed{*untold});
      if (!next->more) untold.reset();
    }
    co_return result<void>{};
  }

  /// A promise that tells aggregates that somebody changed their streams, before it passes the answer on.
  template <class T>
  actors::promise<T> with_notice(const std::vector<stream_id>& streams, actors::promise<T> answer) {
    constexpr revision beyond_all{UINT64_MAX};
    auto changed = std::make_shared<changed_streams>();
    for (const auto& stream : streams) changed->emplace_back(stream, beyond_all);
    return actors::promise<T>{[this, changed, answer](result<T> r) {
      for (const auto& d : directories) d->send(actors::streams_changed{changed});
      answer.deliver(std::move(r));
    }};
  }

  node_options options;
  std::shared_ptr<catalog> types;
  std::unique_ptr<event_store> store;
  std::shared_ptr<actors::gate> commands;
  actors::gate append_bytes;
  std::vector<std::shared_ptr<projection>> projections; // fixed once it runs
  std::vector<std::shared_ptr<actors::link<actors::directory_actor>>> directories; // likewise
  std::optional<position> untold; ///< what lies behind it was appended by other processes; for Asio's thread
  std::atomic<bool> failed{false};
  bool ran = false;
  bool ended = false;

  // The actors end before the context in which their answers are fetched; its thread ends before them, because what it
  // did with the actor system may keep that alive.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::thread thread;
  actors::config<caf::id_block::skald> configuration{std::max(2u, std::thread::hardware_concurrency())};
  std::unique_ptr<caf::actor_system> system = std::make_unique<caf::actor_system>(configuration);
  std::shared_ptr<actors::store_client> client;
};

node::node(node_options options) : impl_{std::make_unique<impl>(std::move(options))} {}

node::~node() = default;

void node::refuse_while_running() const {
  if (impl_->ran) throw failure{errc::invalid_argument, "the node runs or has run: wire it together before"};
}

catalog& node::types_before_run() {
  refuse_while_running();
  return *impl_->types;
}

std::shared_ptr<detail::command_door> node::open_door(aggregate_factory make, snapshot_every every) {
  auto setup = std::make_shared<const actors::aggregate_setup>(
    actors::aggregate_setup{make, impl_->client, std::max<std::size_t>(1, impl_->options.max_live_aggregates), every,
                            [i = impl_.get()](const error& why) { i->mention(why, nullptr); }});
  actors::directory_actor actor = actors::spawn<actors::directory_state>(*impl_->system, std::move(setup));
  impl_->directories.push_back(std::make_shared<actors::link<actors::directory_actor>>(std::move(actor)));
  return std::make_shared<command_entrance>(impl_->commands, impl_->directories.back());
}

skald::projector node::projector(std::string name, projector_options options) {
  refuse_while_running();
  if (auto problem = detail::problem_of_name("a projection's name", name, limits::projection_name_bytes))
    throw failure{*problem};
  auto& all = impl_->projections;
  if (std::ranges::any_of(all, [&](const auto& p) { return p->name() == name; }))
    throw failure{errc::invalid_argument,
                  "there is a projection " + detail::in_quotes(name) + " already: choose another name"};
  all.push_back(std::make_shared<projection>(std::move(name), options, impl_->types));
  return skald::projector{all.back()};
}

int node::run(std::function<task<void>()> main) {
  refuse_while_running();
  impl_->ran = true;
  if (!impl_->start_projections()) { // which was told
    impl_->shut_down();
    return 1;
  }
  impl_->commands->open();
  for (const auto& p : impl_->projections) p->send(actors::committed{}); // handlers may send commands from here on
  if (!is_in_memory(impl_->options.store)) asio::co_spawn(impl_->context, impl_->watch(), asio::detached);

  std::promise<std::exception_ptr> ended;
  std::atomic<int> signal_number{0};
  asio::cancellation_signal cancel;
  asio::signal_set signals{impl_->context, SIGINT, SIGTERM};
  asio::post(impl_->context, [&] {
    signals.async_wait([&](const boost::system::error_code& none, int number) {
      if (none) return;
      signal_number = number;
      signals.clear(); // the next one ends the process
      impl_->stop_intake();
      cancel.emit(asio::cancellation_type::terminal);
    });
    asio::co_spawn(impl_->context, main, asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown) {
                     ended.set_value(std::move(thrown));
                   }));
  });
  const auto thrown = ended.get_future().get();
  impl_->shut_down();

  // The set ends on the thread that serves it.
  std::promise<void> quiet;
  asio::post(impl_->context, [&] {
    signals.cancel();
    asio::post(impl_->context, [&] { quiet.set_value(); });
  });
  quiet.get_future().wait();

  if (signal_number != 0) return 128 + signal_number;
  if (!thrown) return impl_->failed ? 1 : 0;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    tell(e.what());
  } catch (...) {
    tell("main threw something that is no std::exception");
  }
  return 1;
}

asio::any_io_executor node::executor() const { return impl_->context.get_executor(); }

task<receipt> node::append(append_request request) {
  std::vector<stream_id> streams;
  for (const auto& part : request.streams) streams.push_back(part.stream);
  return impl_->accepted<receipt>([i = impl_.get(), request = std::move(request),
                                   streams = std::move(streams)](actors::promise<receipt> answer) mutable {
    i->client->append(std::move(request), i->with_notice(streams, std::move(answer)));
  });
}

task<hydrate_report> node::hydrate(std::vector<record> records) {
  std::vector<stream_id> streams;
  for (const auto& r : records) streams.push_back(r.stream);
  return impl_->accepted<hydrate_report>([i = impl_.get(), records = std::move(records), streams = std::move(streams)](
                                           actors::promise<hydrate_report> answer) mutable {
    i->client->hydrate(std::move(records), i->with_notice(streams, std::move(answer)));
  });
}

task<page> node::read(stream_query query) {
  return impl_->read<page>([query = std::move(query)](const event_store& s) { return s.read(query); });
}

task<page> node::read(all_query query) {
  return impl_->read<page>([query = std::move(query)](const event_store& s) { return s.read(query); });
}

task<page> node::read(streams_query query) {
  return impl_->read<page>([query = std::move(query)](const event_store& s) { return s.read(query); });
}

task<void> node::relate(std::vector<relation_change> changes) {
  return impl_->accepted<void>([i = impl_.get(), changes = std::move(changes)](actors::promise<void> answer) {
    i->client->write<void>([changes](event_store& s) { return s.relate(changes); }, std::move(answer));
  });
}

task<relation> node::related(relation_key key) {
  return impl_->read<relation>([key = std::move(key)](const event_store& s) { return s.related(key); });
}

task<std::vector<relation_key>> node::keys_of(stream_id stream) {
  return impl_->read<std::vector<relation_key>>(
    [stream = std::move(stream)](const event_store& s) { return s.keys_of(stream); });
}

task<std::optional<record>> node::find(event_id id) {
  return impl_->read<std::optional<record>>([id](const event_store& s) { return s.find(id); });
}

task<record_status> node::status(record r) {
  return impl_->read<record_status>([r = std::move(r)](const event_store& s) { return s.status(r); });
}

task<position> node::head() {
  return impl_->read<position>([](const event_store& s) { return s.head(); });
}

task<std::vector<type_summary>> node::types() {
  return impl_->read<std::vector<type_summary>>([](const event_store& s) { return s.types(); });
}

task<std::optional<stored_snapshot>> node::load_snapshot(snapshot_key key) {
  return impl_->read<std::optional<stored_snapshot>>(
    [key = std::move(key)](const event_store& s) { return s.load_snapshot(key); });
}

task<void> node::save(snapshot s) {
  return impl_->accepted<void>([i = impl_.get(), s = std::move(s)](actors::promise<void> answer) mutable {
    i->client->save(std::move(s), std::move(answer));
  });
}

struct node_access {
  static caf::actor_system& system(node& n) { return *n.impl_->system; }
};

caf::actor_system& actors::actor_system_of(node& n) { return node_access::system(n); }

} // namespace skald
