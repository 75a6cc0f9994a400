#pragma once

#include <skald/actors/aggregates.hpp>
#include <skald/actors/projector.hpp>
#include <skald/store/event_store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skald {

struct node_options {
  /// Where events are kept: `sqlite:FILE`, `postgresql://USER@HOST/DATABASE` (see `open_postgres_store`), or `memory:`,
  /// which ends with the node.
  std::string store = "memory:";
  /// Told when a handler or a projection fails, with the record where there is one, and when a snapshot cannot be
  /// kept; on any thread, several at once. Not given: a line on standard error.
  std::function<void(const error&, const record*)> on_error{};
  /// What an acknowledged append survives; `memory:` survives nothing.
  skald::durability durability = skald::durability::full;
  /// Whether each record that is read is held against its checksum, and how long the receipt of a command is kept at
  /// least: as in `store_options`, which says what a store notices then.
  bool verify_reads = false;
  std::chrono::milliseconds command_retention = store_options{}.command_retention;
  /// Whether events of types that the node does not know may be appended, with any JSON as their data and metadata.
  bool accept_unknown_types = false;
  /// How often to look whether another process has appended to the same store, for projections and aggregates.
  std::chrono::milliseconds poll = std::chrono::milliseconds{100};
  /// Commands and requests that may be under way; beyond, the answer is `overloaded`.
  std::size_t max_commands = 100'000;
  /// Bytes of events that may wait for the store; beyond, the answer is `overloaded`.
  std::size_t max_append_bytes = std::size_t{256} << 20;
  /// Aggregate actors that stay alive, of each type.
  std::size_t max_live_aggregates = 100'000;
  /// How long the end of `run` waits for handlers before it cancels them.
  std::chrono::milliseconds grace = std::chrono::seconds{5};
  wall_clock wall = system_wall_clock;
};

/// The running system, and the place where it is wired together: owns the store, the actors and one Asio thread.
///
/// Wire first: `aggregates`, `events`, `relations_from`, `validate` and `projector`; then `run`. The tasks below may
/// be awaited on any executor and from any thread while the node runs; they resume on the executor of the awaiting
/// coroutine and throw `failure`, with `stopped` when the node does not run, `overloaded`, and what else they name.
class node {
public:
  /// Opens the store. Throws `failure`: `invalid_argument` for an unknown kind of store, `open_failed`.
  explicit node(node_options options);
  /// Ends everything, as the end of `run` does.
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// The aggregates of a type, whose events become known to the node. Where the type has a state struct, a snapshot
  /// of a stream is saved each time that so many of its events were folded, in the background. Throws `failure`
  /// (`invalid_argument`) while the node runs, and where one of its event types has another meaning already.
  template <aggregate_type A>
  [[nodiscard]] skald::aggregates<A> aggregates(snapshot_every every = {}) {
    events<typename A::events_type>();
    return skald::aggregates<A>{open_command_door(&make_any_aggregate<A>, every)};
  }

  /// Makes event types known that belong to no aggregate. Throws as `aggregates` does.
  template <class Events>
  void events() {
    types_before_run().template add<Events>().value();
  }

  /// Lets relations follow from the events with this data struct, in the transaction that writes them; see
  /// `catalog::relations_from`. `map` is a `std::vector<relation_change>(const Data&, const record&)`, called on the
  /// store's thread. Throws `failure`: `event_missing` for a type that the node does not know, `invalid_argument` while
  /// the node runs.
  template <class Data, class Map>
  void relations_from(Map map) {
    types_before_run().template relations_from<Data>(std::move(map)).value();
  }

  /// Has events with this data struct held against the store before they are appended; see `catalog::validate`.
  /// `check` is a `result<void>(const Data&, validation&)`, called on the store's thread. Throws as `relations_from`
  /// does.
  template <class Data, class Check>
  void validate(Check check) {
    types_before_run().template validate<Data>(std::move(check)).value();
  }

  /// The projection of this name, which is started by `run`. Throws `failure` (`invalid_argument`) while the node runs,
  /// for an empty or too long name, and for one that is there already.
  [[nodiscard]] skald::projector projector(std::string name, projector_options options = {});

  /// Starts the projections and then `main`, on the node's Asio thread; returns when `main` has ended and everything
  /// that was accepted is finished or refused. Returns the exit status for the program: 0, or 1 where `main` threw or a
  /// projection stopped, which is told on standard error.
  ///
  /// SIGINT and SIGTERM end it in the same way: nothing is accepted any more, `main` is cancelled, handlers get
  /// `node_options::grace`, checkpoints are saved; the status is then 128 and the signal's number. A second signal ends
  /// the process at once. Runs once; throws `failure` (`invalid_argument`) the second time.
  int run(std::function<task<void>()> main);

  /// The executor of the node's Asio thread, to spawn further coroutines on.
  [[nodiscard]] boost::asio::any_io_executor executor() const;

  /// Appends without an aggregate. Data are checked against the event types that the node knows. Also throws what
  /// `event_store::append` answers.
  task<receipt> append(append_request request);

  /// Takes in records of another store. Also throws what `event_store::hydrate` answers.
  task<hydrate_report> hydrate(std::vector<record> records);

  /// Changes what is kept under relation keys. Also throws what `event_store::relate` answers.
  task<void> relate(std::vector<relation_change> changes);

  /// See `event_store`.
  task<page> read(stream_query query);
  task<page> read(streams_query query);
  task<page> read(all_query query);
  task<relation> related(relation_key key);
  task<std::vector<relation_key>> keys_of(stream_id stream);
  task<std::optional<record>> find(event_id id);
  task<record_status> status(record r);
  task<position> head();
  task<store_identity> identity();
  task<std::vector<type_summary>> types();
  task<std::optional<stored_snapshot>> load_snapshot(snapshot_key key);

  /// Keeps a snapshot behind what was sent to the store before. Also throws what `event_store::save_snapshots` answers.
  task<void> save(snapshot s);

private:
  class impl;
  friend struct node_access;

  [[nodiscard]] std::shared_ptr<detail::command_door> open_command_door(aggregate_factory make, snapshot_every every);
  void refuse_while_running() const;
  [[nodiscard]] catalog& types_before_run();

  std::unique_ptr<impl> impl_;
};

} // namespace skald
