#pragma once

#include <skald/store/checkpoint.hpp>
#include <skald/store/identity.hpp>
#include <skald/store/query.hpp>
#include <skald/store/record.hpp>
#include <skald/store/snapshot.hpp>
#include <skald/store/summary.hpp>
#include <skald/store/verification.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skald {

class catalog;

/// How far the time of creation that comes with an event or record may lie ahead of the wall clock.
inline constexpr std::chrono::milliseconds default_max_drift = std::chrono::minutes{1};

/// What an acknowledged append survives.
enum class durability : std::uint8_t {
  /// The loss of power: each group of appends waits until the disk has it.
  full,
  /// A crash of the process, however it ends, but not always that of the machine, which may lose what was acknowledged
  /// last; never what lies between. Appends do not wait for the disk.
  relaxed,
};

struct store_options {
  /// The event types that may be appended and what their data must look like. Without one, every type and every JSON
  /// text is accepted. Of typed events (`new_event::typed`) only type and version are looked at. What it says of relations
  /// is made true with each event that is written.
  std::shared_ptr<const skald::catalog> catalog;
  wall_clock wall = system_wall_clock;
  std::chrono::milliseconds max_drift = default_max_drift;
  /// Of a store that outlives its process.
  skald::durability durability = skald::durability::full;
  /// Whether a store that is not there is made; else that is `open_failed`.
  bool create = true;
  /// How long the receipt of a command is kept at least, by the clock of the store; with each one that is kept, two older
  /// ones are forgotten.
  std::chrono::milliseconds command_retention = std::chrono::hours{24 * 7};
  /// Whether each record that is read is held against its checksum; one that is not what was written is `corrupt`. So is what
  /// an index has lost: `docs/reference/storage_format.md` tells all that is noticed, and what it costs.
  bool verify_reads = false;
};

/// Where events are kept: the port that every backend implements and one contract suite specifies.
///
/// All functions may be called from several threads at once. Writers wait for each other, readers wait for nobody.
/// Functions block; code that must not block goes through the store actor. Environment errors carry an `outcome`.
///
/// In a store that is a file, a write that the disk fails (`insertion_failed`: it is full, broken, or was turned
/// read-only) is the last one: from then on every write is refused with `read_only`, which tells what had happened, and
/// reads go on. Opened again, the store is what was acknowledged, and where the outcome was `unknown` perhaps that
/// request, too.
class event_store {
public:
  virtual ~event_store() = default;
  event_store(const event_store&) = delete;
  event_store& operator=(const event_store&) = delete;

  /// Commits a group of requests in one durable transaction, each with an answer of its own, in their order; in several where
  /// a validator (`catalog::validate`) reads a stream to which another request of the group writes.
  ///
  /// A request is atomic, and its refusal does not touch its neighbours. One whose event ids are all known, in the same
  /// order, streams and bodies (which their checksums tell), gets its original receipt and writes nothing; so does one whose
  /// command was carried out.
  /// Errors of a request:
  /// `wrong_expected_revision` (with `error::conflict`), `duplicate_event`, `invalid_argument`, `event_missing`,
  /// `invalid_event`, `clock_drift` (of a given `created`), `corrupt` where its command was carried out and the receipt of
  /// that is damaged; of the whole group: `insertion_failed`, with its outcome. Cost
  /// grows with the number of events, not with the size of the store (but for the depth of its indexes).
  [[nodiscard]] std::vector<result<receipt>> append(std::span<const append_request> group);

  /// Commits a single request.
  [[nodiscard]] result<receipt> append(const append_request& request);

  /// Writes records of another store, all or none, in one durable transaction. Unknown ones get a new `recorded`,
  /// revision and position and are marked hydrated, and outdated where they are; `created` stays as it is. Known ids
  /// are counted and skipped; the report also names the records that are not the event that is stored under their id (see
  /// `hydrate_report::different`): of another stream, type, schema version, data or metadata, which checksums tell, so that
  /// a damaged event is another one, too; or created in another millisecond, unless an append may have raised it.
  ///
  /// Errors: `clock_drift`, `invalid_argument` (also of a `created` on the last day of time, for it moves the clock),
  /// `invalid_event`, `insertion_failed`.
  [[nodiscard]] result<hydrate_report> hydrate(std::span<const record> records);

  /// Changes relations, all or none, in one durable transaction. Errors: `invalid_argument`, `insertion_failed`.
  [[nodiscard]] result<void> relate(std::span<const relation_change> changes);

  /// Whether the record is here, and whether it would be outdated; one that exists is both. Errors: `invalid_argument`,
  /// `read_failed`.
  [[nodiscard]] virtual result<record_status> status(const record& r) const = 0;

  /// One page of a stream. The answer ends early at `limits::page_records` and `limits::page_bytes`; `page::more` tells.
  /// An unknown stream is empty. Errors: `invalid_argument`, `read_failed`.
  [[nodiscard]] virtual result<page> read(const stream_query& query) const = 0;

  /// One page of several streams, as above; at most `limits::query_names` streams and keys are named.
  [[nodiscard]] virtual result<page> read(const streams_query& query) const = 0;

  /// One page of the whole store, as above.
  [[nodiscard]] virtual result<page> read(const all_query& query) const = 0;

  /// The record with this id, or none. Errors: `read_failed`.
  [[nodiscard]] virtual result<std::optional<record>> find(const event_id& id) const = 0;

  /// The number of events in a stream, 0 for an unknown one. Errors: `read_failed`.
  [[nodiscard]] virtual result<revision> revision_of(const stream_id& stream) const = 0;

  /// What is kept under a key. Errors: `invalid_argument`, `read_failed`. Cost grows with the number of streams.
  [[nodiscard]] virtual result<relation> related(const relation_key& key) const = 0;

  /// The keys under which a stream is kept, in the order of their names. Errors: `invalid_argument`, `read_failed`.
  [[nodiscard]] virtual result<std::vector<relation_key>> keys_of(const stream_id& stream) const = 0;

  /// The streams that hold events, in the order of the bytes of their names: at most `limit` behind the name `after`, and
  /// at most `limits::list_names`; where there are none, the list has ended. Errors: `invalid_argument`, `read_failed`.
  /// Cost grows with the limit, in memory with the number of streams.
  [[nodiscard]] virtual result<std::vector<stream_summary>> streams(std::string_view after,
                                                                    std::size_t limit) const = 0;

  /// The relation keys under which there are streams, in the same way. Errors: as above. Cost grows with what is kept
  /// under those keys, in memory with the number of keys.
  [[nodiscard]] virtual result<std::vector<relation_summary>> relations(std::string_view after,
                                                                        std::size_t limit) const = 0;

  /// Of what snapshots are kept, in the order of the keys and the same way, behind `after`; a default-constructed key is in
  /// front of all. Errors: as above. Cost grows with the number of snapshots.
  [[nodiscard]] virtual result<std::vector<snapshot_key>> snapshots(const snapshot_key& after,
                                                                    std::size_t limit) const = 0;

  /// The types of the stored events, in the order of the bytes of their names. Errors: `read_failed`. Cost grows with the
  /// number of events.
  [[nodiscard]] virtual result<std::vector<type_summary>> types() const = 0;

  /// The position of the newest record, 0 for none. Errors: `read_failed`.
  [[nodiscard]] virtual result<position> head() const = 0;

  /// Behind which position other processes have appended since this was asked the last time, perhaps among appends of
  /// this one; none where they have not. Always none in a store that belongs to one process. Errors: `read_failed`,
  /// for a server that is gone once it has been for as long as it is waited for elsewhere: this does not wait.
  [[nodiscard]] virtual result<std::optional<position>> appended_elsewhere() { return std::optional<position>{}; }

  /// Looks through all that is kept for what cannot be what was written: records that their checksums do not fit,
  /// positions with gaps, streams whose revisions are not 1, 2, 3 or whose heads are wrong, and what belongs to nothing.
  /// Goes on behind what cannot be read. What is appended meanwhile is not looked at.
  ///
  /// Errors: `read_failed`. Cost grows with the size of the store, memory does not.
  [[nodiscard]] virtual result<verification> verify() const = 0;

  /// What is stored of a projection. A name that was never seen is registered, durably: handled up to 0, and fresh from
  /// `fresh_from`, or the head where that is not given. Errors: `invalid_argument`, `insertion_failed`.
  [[nodiscard]] virtual result<checkpoint> register_projection(std::string_view projection,
                                                               std::optional<position> fresh_from) = 0;

  /// Makes the progress of projections durable, in one transaction. Completions at or below a checkpoint are forgotten.
  /// A checkpoint never moves back. Errors: `insertion_failed`, `invalid_argument` for a name that is not registered.
  [[nodiscard]] virtual result<void> save(std::span<const checkpoint_update> updates) = 0;

  /// Moves a checkpoint back to `handled`, for a replay: what had been handled arrives as hydrated from here on. Answers
  /// what is stored now. A later `handled` than the stored one changes nothing. Errors: `insertion_failed`,
  /// `invalid_argument`.
  [[nodiscard]] virtual result<checkpoint> rewind(std::string_view projection, position handled) = 0;

  /// Which store this is, and which epoch of its history. Errors: `read_failed`, `corrupt`.
  [[nodiscard]] virtual result<store_identity> identity() const = 0;

  /// Begins a new epoch, durably, and returns the identity from now on. Call it after the store was restored from an
  /// earlier day, or was copied to live on in two places; see `store_identity`. Errors: `insertion_failed`.
  [[nodiscard]] virtual result<store_identity> begin_epoch() = 0;

  /// The clock that stamps what this store writes. Given out timestamps lie above all that is stored.
  [[nodiscard]] hybrid_clock& clock() noexcept { return clock_; }

  /// The snapshot of this key, or none. A damaged one counts as none: its checksum shows it. Errors: `invalid_argument`,
  /// `read_failed`. Cost grows with its state and with the records behind its cursor, which are counted, and for a relation
  /// with its streams.
  [[nodiscard]] virtual result<std::optional<stored_snapshot>> load_snapshot(const snapshot_key& key) const = 0;

  /// Keeps snapshots, all or none, each in place of the one with its key. They survive what `durability::relaxed` does,
  /// whatever the store is set to.
  ///
  /// Errors: `invalid_argument`, also where the last record folded is not here, or in another stream;
  /// `insertion_failed`. Cost grows with their states, which are checked to be JSON.
  [[nodiscard]] result<void> save_snapshots(std::span<const snapshot> snapshots);

  /// Removes a snapshot, if there is one. Errors: `invalid_argument`, `insertion_failed`.
  [[nodiscard]] result<void> remove_snapshot(const snapshot_key& key);

  /// What a backend offers inside one transaction; see `transaction.hpp`.
  class transaction;

protected:
  explicit event_store(store_options options) : options_{std::move(options)}, clock_{options_.wall} {}

  /// Runs `work` in one durable transaction: commits where it answers success, else leaves nothing behind.
  /// Calls are never concurrent with themselves on one store. A driver's error comes back as `insertion_failed`. A backend
  /// that loses its connection may run `work` again from the beginning, when nothing of it was written.
  virtual result<void> transact(const std::function<result<void>(transaction&)>& work) = 0;

  /// The same for what may be lost with the power, which need not wait for the disk.
  virtual result<void> transact_relaxed(const std::function<result<void>(transaction&)>& work) {
    return transact(work);
  }

private:
  class group_commit;

  store_options options_;
  hybrid_clock clock_;
};

/// Calls `visit` with every record that `query` reads, page by page; memory holds one page.
///
/// Records that are appended meanwhile may be seen. Errors: those of `event_store::read`.
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
