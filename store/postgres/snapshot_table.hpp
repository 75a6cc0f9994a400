#pragma once

#include <skald/store/postgres/connection.hpp>
#include <skald/store/read/snapshots.hpp>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The snapshots, as a writer changes them.
class snapshot_table {
public:
  explicit snapshot_table(connection& db) : db_{db} {}

  void save(const snapshot& s) {
    db_.run(save_, s.key.relation() != nullptr, s.key.name(), s.key.reducer(), s.fingerprint,
            clamped(s.cursor.created.ticks()), s.cursor.id.str(), clamped(s.records),
            clamped(s.relation_revision.value), checksum_of(s), s.state);
  }

  void remove(const snapshot_key& key) { db_.run(remove_, key.relation() != nullptr, key.name(), key.reducer()); }

private:
  static inline const statement save_{
    "saving a snapshot",
    "INSERT INTO skald_snapshots VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
    "ON CONFLICT (of_relation, name, reducer) DO UPDATE SET fingerprint = excluded.fingerprint, "
    "created = excluded.created, id = excluded.id, records = excluded.records, "
    "relation_revision = excluded.relation_revision, checksum = excluded.checksum, state = excluded.state"};
  static inline const statement remove_{
    "removing a snapshot", "DELETE FROM skald_snapshots WHERE (of_relation, name, reducer) = ($1::boolean, $2, $3)"};

  connection& db_;
};

} // namespace skald::detail::postgres
