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

/// The messages between the actors of one node. They hold shared pointers and promises, and never leave the process.
namespace skald::actors {

// -- to any actor that awaits answers ---------------------------------------------------------------------------------

/// Runs a function in the context of the actor that receives it. Actors send it to themselves; see `answer_inside`.
struct resume {
  std::shared_ptr<std::function<void()>> run;
};

// -- to the store and reader actors ----------------------------------------------------------------------------------

/// Appends with the next group commit.
struct append_work {
  struct content {
    append_request request;
    promise<receipt> answer;
    gate::pass room;
  };
  std::shared_ptr<content> job;
};

/// Hydrates records of another store.
struct hydrate_work {
  struct content {
    std::vector<record> records;
    promise<hydrate_report> answer;
    gate::pass room;
  };
  std::shared_ptr<content> job;
};

/// Saves a snapshot, after the next group commit.
struct snapshot_work {
  struct content {
    skald::snapshot snapshot;
    promise<void> answer;
  };
  std::shared_ptr<content> job;
};

/// Commits the group that was collected.
struct flush {};

/// Runs any other write, such as of a checkpoint, in its turn on the store actor's thread.
struct write_work {
  std::shared_ptr<std::function<void(event_store&)>> run;
};

/// Runs a read, on a reader's thread.
struct read_work {
  std::shared_ptr<std::function<void(const event_store&)>> run;
};

/// Says that the store has grown up to `head`. Only a hint: projectors read by position. The first one starts a
/// projector's reading; it is sent when handlers may send commands.
struct committed {
  position head;
};

// -- to aggregates ---------------------------------------------------------------------------------------------------

/// Executes a command on the aggregate of a stream.
struct command_work {
  struct content {
    stream_id stream;
    decision decide;
    promise<receipt> answer;
  };
  std::shared_ptr<content> job;
};

/// Says that these streams have grown, or may have, by an append that their aggregates did not send. They are at these
/// revisions or later.
struct streams_changed {
  std::shared_ptr<const std::vector<std::pair<stream_id, revision>>> streams;
};

/// The same, for the aggregate of one stream.
struct stream_changed {
  skald::revision revision;
};

/// Ends an aggregate actor as soon as it is idle: passivation.
struct retire {};

// -- to handlers -----------------------------------------------------------------------------------------------------

/// Records of one page for one handler, all with the same delivery.
struct deliveries {
  assignment records;
  std::function<void(delivery_report)> report; ///< called from any thread, once or in parts
};

/// Delivers events that just happened. A `once` handler gets only these.
struct fresh {
  std::shared_ptr<const deliveries> what;
};

/// Delivers events of another store, of history, or of a replay.
struct hydrated {
  std::shared_ptr<const deliveries> what;
};

/// Delivers events that entered the store after a later one of the same stream and type.
struct outdated {
  std::shared_ptr<const deliveries> what;
};

// -- to projectors ---------------------------------------------------------------------------------------------------

/// Registers the projection. Answered when that is durable.
struct begin {
  promise<void> answer;
};

/// Reports deliveries that have ended.
struct handled {
  std::shared_ptr<const delivery_report> report;
};

/// Waits until everything up to `target` is handled. Answered then, or with `timeout` after `patience`.
struct reach {
  position target;
  std::chrono::milliseconds patience;
  promise<void> answer;
};

/// Delivers everything after `from` again. `reset` runs on the node's Asio thread before the first delivery.
struct replay {
  position from;
  std::function<void()> reset;
  promise<void> answer;
};

/// Ends the projection. It starts nothing more, and refuses those who wait for it. Handlers that run for longer than
/// `patience` are cancelled. Answered when all handlers have ended and the checkpoint is durable, or with the error if
/// it cannot be saved. May be sent again.
struct halt {
  std::chrono::milliseconds patience;
  promise<void> answer;
};

} // namespace skald::actors
