#pragma once

#include <skald/store/event_store.hpp>

namespace skald {

/// What the rules of appending and hydrating need of a backend, inside one transaction that only this writer runs.
///
/// All see what was written before in the same transaction, also for requests further in front. Functions throw
/// `failure`, which undoes the transaction.
class event_store::transaction {
public:
  struct stream_head {
    skald::revision revision; ///< 0 for an unknown stream
    timestamp newest;         ///< the largest `created`
  };

  /// An event that is stored, without its data and metadata, which may be large.
  struct known_event {
    record stored;
    std::optional<std::uint64_t> checksum; ///< that is kept of all of it, and tells whether another body is the same
  };

  /// What is kept of a command.
  struct kept_receipt {
    receipt given;
    timestamp kept;
    bool intact = true; ///< has the checksum that was stored with it; if not, nothing of it can be believed
  };

  virtual ~transaction() = default;

  /// Tells what the rules will ask about, so that a backend to which each question is a journey can ask for all of it at
  /// once. What was not told is answered all the same.
  virtual void prefetch(std::span<const append_request* const>) {}
  virtual void prefetch(std::span<const record>) {}
  virtual void prefetch(std::span<const relation_change>) {}

  [[nodiscard]] virtual stream_head head_of(const stream_id& stream) = 0;

  /// The newest position, 0 for none.
  [[nodiscard]] virtual position head() = 0;

  [[nodiscard]] virtual std::optional<known_event> find(const event_id& id) = 0;

  /// Whether the stream holds an event of this type with a later `created`.
  [[nodiscard]] virtual bool holds_later(const stream_id& stream, std::string_view type, timestamp created) = 0;

  /// The revision that the stream had when the store's head was `head`.
  [[nodiscard]] virtual revision revision_at(const stream_id& stream, position head) = 0;

  /// Adds a record. Preconditions: its position is `head() + 1`, its revision `head_of(stream).revision + 1`, and its id
  /// is not in the store.
  virtual void write(const record& r) = 0;

  /// Perhaps none where it was kept before what this transaction has told `forget_receipts`.
  [[nodiscard]] virtual std::optional<kept_receipt> find(const command_id& command) = 0;

  /// Keeps a receipt, in place of one that is kept already. Precondition: `kept` lies above that of all others.
  virtual void keep(const command_id& command, const receipt& given, timestamp kept) = 0;

  /// Forgets the oldest two receipts, where they were kept before `oldest`. Damaged ones stay: their age is not known.
  virtual void forget_receipts(timestamp oldest) = 0;

  /// Changes a relation, and raises the revision of each key under which something changed. Precondition: key and stream
  /// are named as the kind of change wants it.
  virtual void relate(const relation_change& change) = 0;

  /// Keeps a snapshot in place of the one with its key. Preconditions: `detail::check_snapshot` lets it pass, and its
  /// cursor is that of a record that is stored.
  virtual void save(const snapshot& s) = 0;

  virtual void remove(const snapshot_key& key) = 0;
};

} // namespace skald
