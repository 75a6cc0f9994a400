#include <skald/actors/node/impl.hpp>

#include <skald/actors/node/blocking_promise.hpp>
#include <skald/actors/reader_actor.hpp>
#include <skald/actors/store_actor.hpp>
#include <skald/actors/timers.hpp>
#include <skald/store/open_store.hpp>
#include <skald/store/quoted.hpp>

#include <chrono>
#include <future>
#include <iostream>

namespace skald {

using actors::blocking_promise;

namespace {

/// How long a shutdown waits for handlers that were cancelled, and for coroutines to fetch their answers.
constexpr std::chrono::seconds after_cancel{5};

} // namespace

void node::impl::tell(const std::string& what) { std::cerr << "skald: " + what + "\n"; }

node::impl::impl(node_options given)
  : options{std::move(given)}, types{std::make_shared<catalog>()},
    store{open_store(options.store, {.catalog = types,
                                     .wall = options.wall,
                                     .durability = options.durability,
                                     .command_retention = options.command_retention,
                                     .verify_reads = options.verify_reads})
            .value()},
    commands{std::make_shared<actors::gate>(options.max_commands, "commands")},
    append_bytes{options.max_append_bytes, "bytes of events"}, work{boost::asio::make_work_guard(context)},
    thread{[this] { context.run(); }} {
  if (!options.on_error) options.on_error = [](const error& why, const record*) { tell(why.message); };
  options.grace = actors::bounded(options.grace);
  options.poll = std::max(actors::bounded(options.poll), std::chrono::milliseconds{1}); // 0 would keep the store busy
  if (options.accept_unknown_types) types->accept_unknown_types();
  commands->close(); // until it runs
  spawn_store();
}

node::impl::~impl() {
  shut_down();
  context.stop();
  thread.join();
  system.reset();
}

void node::impl::spawn_store() {
  actors::store_actor writer =
    actors::spawn<actors::store_behavior, caf::detached>(*system, *store, [this](position head) {
      for (const auto& p : projections) p->send(actors::committed{head});
    });
  std::vector<actors::reader_actor> readers;
  for (int i = 0; i < 2; ++i) readers.push_back(actors::spawn<actors::reader_behavior, caf::detached>(*system, *store));
  client = std::make_shared<actors::store_client>(std::move(writer), std::move(readers), append_bytes);
}

void node::impl::report(const error& why, const record* r) {
  failed = true;
  mention(why, r);
}

void node::impl::mention(const error& why, const record* r) {
  try {
    options.on_error(why, r);
  } catch (const std::exception& e) {
    tell(std::string{"on_error itself failed: "} + e.what() + "; it was called with: " + why.message);
  } catch (...) {
    tell("on_error itself failed; it was called with: " + why.message);
  }
}

result<void> node::impl::start_projections() {
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

void node::impl::stop_intake() {
  commands->close();
  for (const auto& p : projections) p->send(actors::halt{options.grace, {}});
}

void node::impl::shut_down() {
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

/// Waits until everything that was accepted is answered, however long the disk takes. Gives up on coroutines that do
/// not fetch their answers.
void node::impl::finish_accepted() {
  constexpr std::chrono::milliseconds round{100};
  for (auto left = after_cancel / round; !commands->wait_until_empty(round); --left) {
    if (left == 0) return tell("there are coroutines that do not fetch the answers to what they have sent");
    auto [promise, future] = blocking_promise<void>();
    client->write<void>([](event_store&) { return result<void>{}; }, std::move(promise));
    future.wait(); // now the store is done with everything that was sent before
  }
}

} // namespace skald
