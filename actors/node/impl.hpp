#pragma once

#include <skald/actors/gate.hpp>
#include <skald/actors/interfaces.hpp>
#include <skald/actors/link.hpp>
#include <skald/actors/node.hpp>
#include <skald/actors/node/local_projection_door.hpp>
#include <skald/actors/promise.hpp>
#include <skald/actors/store_client.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald {

/// The parts of a node and their lifecycle. `impl.cpp` starts and ends the parts, `run.cpp` runs `main`, and
/// `other_processes.cpp` follows the appends of other processes.
class node::impl {
public:
  using changed_streams = std::vector<std::pair<stream_id, revision>>;

  explicit impl(node_options given);
  ~impl();
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  /// Writes a line to standard error.
  static void tell(const std::string& what);

  /// Calls `node_options::on_error`, and makes `run` return 1. Thread-safe.
  void report(const error& why, const record* r);

  /// Calls `node_options::on_error`. Thread-safe.
  void mention(const error& why, const record* r);

  /// Spawns and registers the projections. Returns the first error.
  result<void> start_projections();

  /// Accepts nothing more. Halts the projections, which refuses those who wait for one.
  void stop_intake();

  /// Ends all parts, in order. Does nothing the second time.
  void shut_down();

  int run(const std::function<task<void>()>& main);

  /// Calls `send(promise)` if the gate has room, and awaits the answer.
  template <class T, class Send>
  task<T> accepted(Send send) {
    const auto home = commands; // the gate must outlive the pass, wherever this coroutine is destroyed
    const auto pass = home->enter().value();
    auto answer = co_await actors::await_promise<T>(std::move(send));
    co_return std::move(answer).value();
  }

  template <class T, class Work>
  task<T> read(Work work) {
    return accepted<T>(
      [this, work = std::move(work)](actors::promise<T> answer) { client->read<T>(work, std::move(answer)); });
  }

  /// Notifies projections and aggregates of the appends of other processes. Runs on Asio's thread, as long as the store
  /// actor answers.
  task<void> watch();

  /// A promise that notifies the aggregates of these streams before it passes the answer on.
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
  std::vector<std::shared_ptr<actors::local_projection_door>> projections; // fixed while it runs
  std::vector<std::shared_ptr<actors::link<actors::directory_actor>>> directories; // likewise
  std::optional<position> unannounced; // other processes have appended after it; used on Asio's thread
  std::atomic<bool> failed{false};
  bool ran = false;
  bool ended = false;

  // Destroyed in reverse: the actor system before the context, because answers of actors go there. The thread ends
  // before both, because it may keep the actor system alive.
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::thread thread;
  actors::config<caf::id_block::skald> configuration{std::max(2u, std::thread::hardware_concurrency())};
  std::unique_ptr<caf::actor_system> system = std::make_unique<caf::actor_system>(configuration);
  std::shared_ptr<actors::store_client> client;

private:
  void spawn_store();
  void finish_accepted();
  task<result<void>> announce_others();
};

} // namespace skald
