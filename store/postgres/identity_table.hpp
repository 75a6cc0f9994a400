#pragma once

#include <skald/store/database/rows.hpp>
#include <skald/store/postgres/connection.hpp>
#include <skald/store/postgres/queries.hpp>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The identity of the store, as a writer changes it.
class identity_table {
public:
  explicit identity_table(connection& db) : db_{db} {}

  [[nodiscard]] store_identity find() { return identity_in(db_.run(find_identity)); }

  /// Gives the store the id and the epoch that it does not have: those of new tables, and the epoch of a copy.
  void complete() {
    if (db_.run(is_incomplete_).next()) db_.run(complete_, make_event_id().str(), make_event_id().str());
  }

  void begin_epoch(const event_id& epoch) { db_.run(begin_epoch_, epoch.str()); }

private:
  static inline const statement is_incomplete_{"giving it an identity",
                                               "SELECT 1 FROM skald_store WHERE id IS NULL OR epoch IS NULL"};
  static inline const statement complete_{"giving it an identity",
                                          "UPDATE skald_store SET id = coalesce(id, $1), epoch = coalesce(epoch, $2) "
                                          "WHERE id IS NULL OR epoch IS NULL"};
  static inline const statement begin_epoch_{"beginning an epoch", "UPDATE skald_store SET epoch = $1"};

  connection& db_;
};

} // namespace skald::detail::postgres
