#pragma once

#include <skald/store/checkpoint.hpp>
#include <skald/store/identity.hpp>
#include <skald/store/query.hpp>
#include <skald/store/record.hpp>
#include <skald/store/snapshot.hpp>
#include <skald/store/store_options.hpp>
#include <skald/store/summary.hpp>
#include <skald/store/verification.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skald {

/// Stores events and reads them back. This is the port: every backend implements it, and one suite of tests specifies
/// it. `open_store` opens a store by its URL.
///
/// Each event belongs to a stream. Stored, it is a `record` with two numbers: its revision, which counts the events of
/// the stream, and its position, which counts the events of the store in the order of their commits.
///
/// - **Append** events to one or more streams with `append`. A request is atomic, says at which revision it expects
///   each stream, and can be repeated safely. `hydrate` copies records from another store.
/// - **Read** a stream, several streams merged, or the whole store with `read`, page by page, or with `for_each`.
/// - **Relate** streams to keys with `relate`, and read the streams under a key as one.
/// - **Derive**: a fold of a stream caches its state with `save_snapshots`; a projection saves its progress with
///   `save`.
/// - **Verify** that all records are the ones that were written, with `verify`.
///
/// Errors are answers, `result<T>`. An error of a write has an `outcome`: whether the write may have happened
/// nevertheless.
///
/// Functions block. Code that must not block uses the store actor. All functions are thread-safe. Writes wait for each
/// other; in a database, reads do not wait for writes.
///
/// A disk that fails a write, because it is full, broken or read-only, makes a store in a file read-only. That write is
/// `insertion_failed`. Every later one is `read_only`, with the cause in its message. Reads go on. Opened again, the
/// store holds every acknowledged request, and perhaps one whose outcome was `unknown`.
class event_store {
public:
  virtual ~event_store() = default;
  event_store(const event_store&) = delete;
  event_store& operator=(const event_store&) = delete;

  /// Commits a group of requests in one durable transaction, in their order. Each gets its own answer.
  ///
  /// A request is atomic, and its refusal does not touch its neighbours. A repeated request gets its original receipt
  /// and writes nothing: one whose event ids are all stored, in the same order, streams and bodies, or whose command
  /// was carried out. Checksums compare the bodies.
  ///
  /// A validator (`catalog::validate`) that reads a stream to which an earlier request of the group writes divides the
  /// group into several transactions.
  ///
  /// Errors of a request: `wrong_expected_revision` (with `error::conflict`), `duplicate_event`, `invalid_argument`,
  /// `event_missing`, `invalid_event`, `clock_drift` (of a given `created`), `corrupt` (the receipt of its command is
  /// damaged), and those of its validators. Errors of the whole group: `insertion_failed`, with its outcome. Cost grows
  /// with the number of events. The size of the store matters only as the depth of its indexes.
  [[nodiscard]] std::vector<result<receipt>> append(std::span<const append_request> group);

  /// Commits a single request.
  [[nodiscard]] result<receipt> append(const append_request& request);

  /// Writes records of another store, all or none, in one durable transaction.
  ///
  /// A new record gets its own `recorded`, revision and position here and is marked hydrated, and outdated if it is;
  /// `created` stays. A record whose id is stored is counted and skipped. If the stored event is another one,
  /// `hydrate_report::different` names it.
  ///
  /// Errors: `clock_drift`; `invalid_argument`, also for a `created` on the last day of time, since it moves the clock;
  /// `invalid_event`; `insertion_failed`. Cost grows with the number of records.
  [[nodiscard]] result<hydrate_report> hydrate(std::span<const record> records);

  /// Changes relations, all or none, in one durable transaction. Errors: `invalid_argument`, `insertion_failed`.
  [[nodiscard]] result<void> relate(std::span<const relation_change> changes);

  /// Returns one page of a stream; an unknown stream is empty. The page ends at the query's limit,
  /// `limits::page_records` or `limits::page_bytes`; `page::more` says whether to go on with `query::resume_behind`.
  ///
  /// Errors: `invalid_argument`, `read_failed`, `corrupt`. Cost grows with the page.
  [[nodiscard]] virtual result<page> read(const stream_query& query) const = 0;

  /// Returns one page of several streams merged, likewise. A query names at most `limits::query_names` streams or keys.
  [[nodiscard]] virtual result<page> read(const streams_query& query) const = 0;

  /// Returns one page of the whole store, likewise.
  [[nodiscard]] virtual result<page> read(const all_query& query) const = 0;

  /// The record with this id, or none. Errors: `read_failed`, `corrupt`.
  [[nodiscard]] virtual result<std::optional<record>> find(const event_id& id) const = 0;

  /// Whether the store has a record of another store, and whether that would be outdated here. One that exists is both.
  /// Errors: `invalid_argument`, `read_failed`.
  [[nodiscard]] virtual result<record_status> status(const record& r) const = 0;

  /// The number of events in a stream, 0 for an unknown one. Errors: `invalid_argument`, `read_failed`.
  [[nodiscard]] virtual result<revision> revision_of(const stream_id& stream) const = 0;

  /// The position of the newest record, 0 for none. Errors: `read_failed`.
  [[nodiscard]] virtual result<position> head() const = 0;

  /// The position after which other processes have appended since the last call, or none. Records of this process may
  /// lie after it, too. Polling it wakes projections. A store that belongs to one process returns none.
  ///
  /// Does not wait for a lost server. Errors: `read_failed`, once a server has been away for its deadline.
  [[nodiscard]] virtual result<std::optional<position>> appended_elsewhere() { return std::optional<position>{}; }

  /// The streams under a key. Errors: `invalid_argument`, `read_failed`. Cost grows with their number.
  [[nodiscard]] virtual result<relation> related(const relation_key& key) const = 0;

  /// The keys of a stream, in the order of their names. Errors: `invalid_argument`, `read_failed`.
  [[nodiscard]] virtual result<std::vector<relation_key>> keys_of(const stream_id& stream) const = 0;

  /// Lists streams that hold events, in the order of the bytes of their names: the first ones after the name `after`,
  /// at most `limit` and `limits::list_names`. An empty list is the end.
  ///
  /// Errors: `invalid_argument`, `read_failed`, `corrupt`. Cost grows with the limit; in memory, with all streams.
  [[nodiscard]] virtual result<std::vector<stream_summary>> streams(std::string_view after,
                                                                    std::size_t limit) const = 0;

  /// Lists relation keys that have streams, likewise. Cost grows with the streams under them; in memory, with all keys.
  [[nodiscard]] virtual result<std::vector<relation_summary>> relations(std::string_view after,
                                                                        std::size_t limit) const = 0;

  /// Lists event types with their numbers of events, in the order of the bytes of their names. Errors: `read_failed`.
  /// Cost grows with the number of events.
  [[nodiscard]] virtual result<std::vector<type_summary>> types() const = 0;

  /// Lists the keys of snapshots in their order, as `streams` does. A default-constructed key comes before all others.
  /// Errors: the same. Cost grows with the number of snapshots.
  [[nodiscard]] virtual result<std::vector<snapshot_key>> snapshots(const snapshot_key& after,
                                                                    std::size_t limit) const = 0;

  /// The snapshot of this key, or none. One that does not fit its checksum counts as none.
  ///
  /// Errors: `invalid_argument`, `read_failed`. Cost grows with its state, with the records after its cursor, which are
  /// counted, and for a relation with its streams.
  [[nodiscard]] virtual result<std::optional<stored_snapshot>> load_snapshot(const snapshot_key& key) const = 0;

  /// Saves snapshots, all or none, each in place of the one with its key. They are as durable as `durability::relaxed`,
  /// whatever the store's option.
  ///
  /// Errors: `invalid_argument`, also if the last record folded is not stored in that stream; `insertion_failed`. Cost
  /// grows with the states, which are checked to be JSON.
  [[nodiscard]] result<void> save_snapshots(std::span<const snapshot> snapshots);

  /// Removes a snapshot if there is one. Errors: `invalid_argument`, `insertion_failed`.
  [[nodiscard]] result<void> remove_snapshot(const snapshot_key& key);

  /// Returns the progress of a projection. An unknown name is registered, durably: it has handled nothing, and its
  /// records are fresh above `fresh_from`, or above the current head if none is given.
  ///
  /// Errors: `invalid_argument`, `insertion_failed`.
  [[nodiscard]] virtual result<checkpoint> register_projection(std::string_view projection,
                                                               std::optional<position> fresh_from) = 0;

  /// Saves the progress of projections in one durable transaction. A checkpoint never moves back. Completions at or
  /// below it are deleted. Errors: `insertion_failed`; `invalid_argument`, also for a projection that is not
  /// registered.
  [[nodiscard]] virtual result<void> save(std::span<const checkpoint_update> updates) = 0;

  /// Moves a checkpoint back to `handled` for a replay, and returns it. Records that had been handled arrive again, as
  /// hydrated. A checkpoint at or below `handled` stays. Errors: `insertion_failed`, `invalid_argument`.
  [[nodiscard]] virtual result<checkpoint> rewind(std::string_view projection, position handled) = 0;

  /// The identity of the store, and the epoch of its history. Errors: `read_failed`, `corrupt`.
  [[nodiscard]] virtual result<store_identity> identity() const = 0;

  /// Begins a new epoch, durably, and returns the identity from now on. Call it after you have restored the store from
  /// an earlier day, or copied it to live on in two places; see `store_identity`. Errors: `insertion_failed`.
  [[nodiscard]] virtual result<store_identity> begin_epoch() = 0;

  /// Checks everything stored, as of one moment, and continues after damage. It reports:
  ///
  /// - records that do not fit their checksum;
  /// - positions that are missing or cannot be read;
  /// - streams whose revisions are not 1, 2, 3 and so on, or whose heads are wrong;
  /// - rows that belong to nothing.
  ///
  /// Errors: `read_failed`. Cost grows with the size of the store, memory does not.
  [[nodiscard]] virtual result<verification> verify() const = 0;

  /// The clock that stamps records. Its timestamps lie above all that are stored.
  [[nodiscard]] hybrid_clock& clock() noexcept { return clock_; }

  /// The operations of a backend inside one transaction; see `transaction.hpp`.
  class transaction;

protected:
  explicit event_store(store_options options) : options_{std::move(options)}, clock_{options_.wall} {}

  /// Runs `work` in one durable transaction: commits if it succeeds, else undoes everything.
  ///
  /// A backend runs one call at a time and translates errors of its driver to `insertion_failed`. If it loses its
  /// connection and nothing was written, it may run `work` again from the beginning.
  virtual result<void> transact(const std::function<result<void>(transaction&)>& work) = 0;

  /// The same for writes that a loss of power may undo. They need not wait for the disk.
  virtual result<void> transact_relaxed(const std::function<result<void>(transaction&)>& work) {
    return transact(work);
  }

private:
  class group_commit;

  store_options options_;
  hybrid_clock clock_;
};

/// Calls `visit` with every record that `query` reads, page by page. Memory holds one page.
///
/// It may also visit records that are appended meanwhile. Errors: those of `event_store::read`.
template <class Query, class Visit>
result<void> for_each(const event_store& store, Query query, Visit visit) {
  for (std::size_t left = query.limit().value_or(SIZE_MAX);;) {
    query.limit(left);
    const auto page = store.read(query);
    if (!page) return page.error();
    for (const auto& r : page->records) visit(r);
    left -= page->records.size();
    if (!page->more || left == 0) return {};
    query.resume_behind(page->records.back());
  }
}

} // namespace skald
