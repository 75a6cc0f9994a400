#pragma once

#include <skald/store/event_store.hpp>

namespace skald {

/// The operations of a backend inside one transaction, on which the rules of appending and hydrating rest.
///
/// Only one transaction runs at a time. Each function sees the earlier writes of its own transaction, those of earlier
/// requests included. An error is thrown as `failure`, which undoes the transaction. For one thread.
class event_store::transaction {
public:
  struct stream_head {
    skald::revision revision; ///< 0 for an unknown stream
    timestamp newest;         ///< the largest `created`
  };

  /// A stored event.
  struct known_event {
    record stored;                         ///< without data and metadata, which may be large
    std::optional<std::uint64_t> checksum; ///< of the whole record, to compare bodies
  };

  /// The receipt of a command that was carried out.
  struct kept_receipt {
    receipt given;
    timestamp kept;     ///< when it was stored
    bool intact = true; ///< it has the checksum that was stored with it; if not, nothing in it is reliable
  };

  virtual ~transaction() = default;

  /// Announces the questions that the rules will ask, so that a remote backend can look everything up in one round
  /// trip. Other questions are answered, too.
  virtual void prefetch(std::span<const append_request* const>) {}
  virtual void prefetch(std::span<const record>) {}
  virtual void prefetch(std::span<const relation_change>) {}

  [[nodiscard]] virtual stream_head head_of(const stream_id& stream) = 0;

  /// The newest position, 0 for none.
  [[nodiscard]] virtual position head() = 0;

  /// The event with this id, or none.
  [[nodiscard]] virtual std::optional<known_event> find(const event_id& id) = 0;

  /// Whether the stream holds an event of this type with a later `created`.
  [[nodiscard]] virtual bool holds_later(const stream_id& stream, std::string_view type, timestamp created) = 0;

  /// The revision of the stream at the time when the store's head was `head`.
  [[nodiscard]] virtual revision revision_at(const stream_id& stream, position head) = 0;

  /// Adds a record. Preconditions: its position is `head() + 1`, its revision `head_of(stream).revision + 1`, and its
  /// id is not in the store.
  virtual void write(const record& r) = 0;

  /// The receipt of this command, or none. One older than the argument of an earlier `forget_receipts` may be gone.
  [[nodiscard]] virtual std::optional<kept_receipt> find(const command_id& command) = 0;

  /// Stores a receipt in place of the one of this command. Precondition: `kept` lies above that of all others.
  virtual void keep(const command_id& command, const receipt& given, timestamp kept) = 0;

  /// Deletes those of the two oldest receipts that were stored before `oldest`. Damaged ones stay: their age is
  /// unknown.
  virtual void forget_receipts(timestamp oldest) = 0;

  /// Changes a relation and raises the revision of each key whose streams changed. Precondition: the change names the
  /// key and the stream that its kind needs.
  virtual void relate(const relation_change& change) = 0;

  /// Stores a snapshot in place of the one with its key. Preconditions: `detail::check_snapshot` accepts it, and its
  /// cursor is that of a stored record.
  virtual void save(const snapshot& s) = 0;

  /// Removes the snapshot if there is one.
  virtual void remove(const snapshot_key& key) = 0;
};

} // namespace skald
