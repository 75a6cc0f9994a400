#pragma once

#include <skald/store/database/rows.hpp>
#include <skald/store/sqlite/connection.hpp>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The identity of the store, as a writer changes it.
class identity_table {
public:
  explicit identity_table(const connection& db) : db_{db} {}

  [[nodiscard]] store_identity find() { return identity_in(find_()); }

  /// Gives the store the id and the epoch that it does not have: those of new tables, and the epoch of a copy.
  void complete() {
    if (is_incomplete_().next()) complete_.run(make_event_id(), make_event_id());
  }

  void begin_epoch(const event_id& epoch) { begin_epoch_.run(epoch); }

private:
  static constexpr const char* purpose = "giving it an identity";

  const connection& db_;
  statement find_{db_, "reading its identity", "SELECT id, epoch FROM skald_store"};
  statement is_incomplete_{db_, purpose, "SELECT 1 FROM skald_store WHERE id IS NULL OR epoch IS NULL"};
  statement complete_{db_, purpose,
                      "UPDATE skald_store SET id = coalesce(id, ?1), epoch = coalesce(epoch, ?2) "
                      "WHERE id IS NULL OR epoch IS NULL"};
  statement begin_epoch_{db_, "beginning an epoch", "UPDATE skald_store SET epoch = ?1"};
};

} // namespace skald::detail::sqlite
