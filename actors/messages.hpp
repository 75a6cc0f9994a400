#pragma once

#include <skald/actors/gate.hpp>
#include <skald/actors/promise.hpp>
#include <skald/aggregates/pipeline.hpp>
#include <skald/projection/dispatcher.hpp>
#include <skald/store/event_store.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

/// What the actors of one node say to each other. Messages hold shared pointers and promises and never leave the
/// process.
namespace skald::actors {

// -- to everybody who awaits answers ---------------------------------------------------------------------------------

/// Runs in the context of the actor that gets it; its sender is that actor's own past.
struct resume {
  std::shared_ptr<std::function<void()>> run;
};

// -- to the store and reader actors ----------------------------------------------------------------------------------

/// A request for the group commit.
struct append_work {
  struct content {
    append_request request;
    promise<receipt> answer;
    gate::pass room;
  };
  std::shared_ptr<content> job;
};

/// Records of another store.
struct hydrate_work {
  struct content {
    std::vector<record> records;
    promise<hydrate_report> answer;
    gate::pass room;
  };
  std::shared_ptr<content> job;
};

/// A snapshot to keep, when everything that is more urgent is done.
struct snapshot_work {
  struct content {
    skald::snapshot snapshot;
    promise<void> answer;
  };
  std::shared_ptr<content> job;
};

/// Commits what has been collected.
struct flush {};

/// Any other write, such as of a checkpoint, done in its turn on the store actor's thread.
struct write_work {
  std::shared_ptr<std::function<void(event_store&)>> run;
};

/// A read, done on a reader's thread.
struct read_work {
  std::shared_ptr<std::function<void(const event_store&)>> run;
};

/// The store has grown up to here, as a hint: positions decide. The first one wakes a projector that has begun, once
/// its handlers may send commands.
struct committed {
  position head;
};

// -- to aggregates ---------------------------------------------------------------------------------------------------

/// A command to the aggregate of a stream.
struct command_work {
  struct content {
    stream_id stream;
    decision decide;
    promise<receipt> answer;
  };
  std::shared_ptr<content> job;
};

/// Somebody has, or may have, appended to these streams who is not their aggregate: they are at these revisions or
/// beyond.
struct streams_changed {
  std::shared_ptr<const std::vector<std::pair<stream_id, revision>>> streams;
};

/// The same, to the aggregate of one of them.
struct stream_changed {
  skald::revision revision;
};

/// Ends an aggregate actor once it is idle.
struct retire {};

// -- to handlers -----------------------------------------------------------------------------------------------------

/// Records of one page for one handler, all delivered the same way.
struct deliveries {
  assignment records;
  std::function<void(delivery_report)> report; ///< may be called from any thread, in parts
};

/// Events that just happened. The only ones that a `once` handler gets.
struct fresh {
  std::shared_ptr<const deliveries> what;
};

/// Events of another store, of history, or replayed.
struct hydrated {
  std::shared_ptr<const deliveries> what;
};

/// Events that came after a later one of their type.
struct outdated {
  std::shared_ptr<const deliveries> what;
};

// -- to projectors ---------------------------------------------------------------------------------------------------

/// Registers the projection; answered when it is registered durably.
struct begin {
  promise<void> answer;
};

struct handled {
  std::shared_ptr<const delivery_report> report;
};

/// Answers once everything up to `target` is handled.
struct reach {
  position target;
  std::chrono::milliseconds patience;
  promise<void> answer;
};

/// Delivers everything behind `from` again. `reset` runs on the node's Asio thread before the first delivery.
struct replay {
  position from;
  std::function<void()> reset;
  promise<void> answer;
};

/// Starts nothing any more; answered when everything that runs has ended and the checkpoint is durable, or cannot be
/// made so. Handlers that run for longer than `patience` are cancelled. Who waits for the projection is refused. May
/// be sent again.
struct halt {
  std::chrono::milliseconds patience;
  promise<void> answer;
};

} // namespace skald::actors
