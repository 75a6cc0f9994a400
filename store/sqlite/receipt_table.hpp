#pragma once

#include <skald/store/database/revisions.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/sqlite/connection.hpp>

#include <optional>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The receipts of commands.
class receipt_table {
public:
  using kept_receipt = event_store::transaction::kept_receipt;

  explicit receipt_table(const connection& db) : db_{db} {}

  [[nodiscard]] std::optional<kept_receipt> find(const command_id& command) {
    auto row = find_(command);
    return row.next() ? std::optional{receipt_in(row)} : std::nullopt;
  }

  void keep(const command_id& command, const receipt& given, timestamp kept) {
    const auto revisions = json_of(given.revisions);
    keep_.run(command, kept, given.first, given.last, std::string_view{revisions}, unless_empty(given.answer));
  }

  void forget_before(timestamp oldest) { forget_.run(oldest); }

private:
  const connection& db_;
  statement find_{db_, "looking up a command",
                  "SELECT id, first, last, revisions, answer, kept FROM skald_commands WHERE id = ?1"};
  statement keep_{// a receipt that is replaced gets a new key: keys grow with time
                  db_, "writing the receipt of a command",
                  "INSERT OR REPLACE INTO skald_commands (id, kept, first, last, revisions, answer) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"};
  statement forget_{db_, "forgetting receipts of commands",
                    "DELETE FROM skald_commands WHERE kept < ?1 "
                    "AND key IN (SELECT key FROM skald_commands ORDER BY key LIMIT 2)"};
};

} // namespace skald::detail::sqlite
