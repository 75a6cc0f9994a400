#pragma once

#include <skald/store/postgres/connection.hpp>

#include <array>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The prepared queries of a reader. Those of pages come in two directions, forward first.
extern const std::array<statement, 2> stream_pages;
extern const std::array<statement, 2> streams_pages;
extern const std::array<statement, 2> all_pages;
extern const statement look_at_head;
extern const statement find_identity;
extern const statement find_event;
extern const statement find_status;
extern const statement find_revision;
extern const statement find_relation;
extern const statement find_snapshot_of_stream;
extern const statement find_snapshot_of_relation;
extern const statement list_streams;
extern const statement list_relations;
extern const statement list_snapshots;
extern const statement count_types;
extern const statement find_relation_keys;
/// Finds streams of which another number of events is found than their revisions say.
extern const statement count_events;
/// The next streams, which have about so many events.
extern const statement next_streams;
/// The next receipts, by their commands, and the next snapshots, by their keys: few enough for the memory of a client.
extern const statement next_receipts;
extern const statement next_snapshots;
/// Sentences about what is wrong in the one row of the head.
extern const char* const problems_of_head[4];

} // namespace skald::detail::postgres
