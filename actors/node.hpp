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

/// The configuration of a node.
struct node_options {
  /// The store to open: `sqlite:FILE`, `postgresql://USER@HOST/DATABASE` (see `open_postgres_store`), or `memory:`,
  /// which ends with the node.
  std::string store = "memory:";
  /// Called when a handler or a projection fails, with the record if there is one, and when a snapshot cannot be saved.
  /// May be called on any thread, also concurrently. If it is empty, the node writes a line to standard error.
  std::function<void(const error&, const record*)> on_error{};
  /// What an acknowledged append survives. `memory:` survives nothing.
  skald::durability durability = skald::durability::full;
  /// Verify the checksum of each record that is read. See `store_options::verify_reads`.
  bool verify_reads = false;
  /// How long the receipt of a command is kept at least. See `store_options::command_retention`.
  std::chrono::milliseconds command_retention = store_options{}.command_retention;
  /// Accept events of types that the node does not know, with any JSON as data and metadata.
  bool accept_unknown_types = false;
  /// How often to look for appends of other processes, for projections and aggregates.
  std::chrono::milliseconds poll = std::chrono::milliseconds{100};
  /// How many commands and requests may be under way. Beyond that, the answer is `overloaded`.
  std::size_t max_commands = 100'000;
  /// How many bytes of events may wait for the store. Beyond that, the answer is `overloaded`.
  std::size_t max_append_bytes = std::size_t{256} << 20;
  /// How many aggregate actors of each type stay alive. Beyond that, the least recently used one ends.
  std::size_t max_live_aggregates = 100'000;
  /// How long the end of `run` waits for handlers before it cancels them.
  std::chrono::milliseconds grace = std::chrono::seconds{5};
  wall_clock wall = system_wall_clock;
};

/// Runs an application on a store: owns the store, the actors and one Asio thread.
///
/// First wire the node with `aggregates`, `events`, `relations_from`, `validate` and `projector`. Then call `run`.
///
/// The tasks may be awaited while the node runs, on any executor and any thread. They resume on the executor of the
/// awaiting coroutine. They throw `failure`: `stopped` if the node does not run, `overloaded`, and the errors that each
/// one names.
class node {
public:
  /// Opens the store. Throws `failure`: `invalid_argument` for an unknown kind of store, `open_failed`.
  explicit node(node_options options);
  /// Ends everything, as the end of `run` does.
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Makes the handle to the aggregates of a type, and makes its events known to the node. If the type has a state
  /// struct, the node saves a snapshot of a stream in the background after `every` events.
  ///
  /// Precondition: `run` was not called. Throws `failure` (`invalid_argument`) if it was, and if one of the event types
  /// is known with another meaning.
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

  /// Derives relations from the events with this data struct, in the transaction that writes them. See
  /// `catalog::relations_from`. `map` is a `std::vector<relation_change>(const Data&, const record&)`, called on the
  /// store's thread.
  ///
  /// Precondition: `run` was not called. Throws `failure`: `invalid_argument` if it was, `event_missing` for a type
  /// that the node does not know.
  template <class Data, class Map>
  void relations_from(Map map) {
    types_before_run().template relations_from<Data>(std::move(map)).value();
  }

  /// Checks events with this data struct against the store before they are appended. See `catalog::validate`. `check`
  /// is a `result<void>(const Data&, validation&)`, called on the store's thread. Throws as `relations_from` does.
  template <class Data, class Check>
  void validate(Check check) {
    types_before_run().template validate<Data>(std::move(check)).value();
  }

  /// Adds a projection, which `run` starts. Its name identifies it across restarts.
  ///
  /// Precondition: `run` was not called. Throws `failure` (`invalid_argument`) if it was, and for a name that is empty,
  /// too long or taken.
  [[nodiscard]] skald::projector projector(std::string name, projector_options options = {});

  /// Starts the projections, then runs `main` on the node's Asio thread. Blocks until `main` has ended and everything
  /// that was accepted is answered.
  ///
  /// Returns the exit status of the program: 0, or 1 if `main` threw or a projection stopped. The message of what
  /// `main` threw is written to standard error; errors of projections go to `node_options::on_error`.
  ///
  /// SIGINT and SIGTERM end it, too: the node accepts nothing more, cancels `main`, gives handlers
  /// `node_options::grace`, and saves the checkpoints. The exit status is then 128 plus the signal's number. A second
  /// signal ends the process at once. May be called once; throws `failure` (`invalid_argument`) the second time.
  int run(std::function<task<void>()> main);

  /// The executor of the node's Asio thread. Spawn further coroutines here.
  [[nodiscard]] boost::asio::any_io_executor executor() const;

  /// Appends events without an aggregate. Checks their data against the event types that the node knows. Also throws
  /// the errors of `event_store::append`.
  task<receipt> append(append_request request);

  /// Hydrates records of another store. Also throws the errors of `event_store::hydrate`.
  task<hydrate_report> hydrate(std::vector<record> records);

  /// Changes relations. Also throws the errors of `event_store::relate`.
  task<void> relate(std::vector<relation_change> changes);

  /// The reads of `event_store`, and their errors.
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

  /// Saves a snapshot, after everything that was sent to the store before. Also throws the errors of
  /// `event_store::save_snapshots`.
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
