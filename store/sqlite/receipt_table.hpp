#pragma once

#include <skald/store/database/revisions.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/sqlite/connection.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The receipts of commands.
class receipt_table {
public:
  using kept_receipt = event_store::transaction::kept_receipt;

  explicit receipt_table(const connection& db) : db_{db} {}

  [[nodiscard]] std::optional<kept_receipt> find(const command_id& command) {
    auto row = find_(command);
    return row.next() ? std::optional{receipt_of(command, row, 0)} : std::nullopt;
  }

  void keep(const command_id& command, const receipt& given, timestamp kept) {
    const auto revisions = json_of(given.revisions);
    keep_.run(command, kept, given.first, given.last, std::string_view{revisions}, unless_empty(given.answer),
              static_cast<std::int64_t>(checksum_of(command, given, kept)));
  }

  void forget_before(timestamp oldest) {
    std::vector<std::int64_t> old;
    for (auto row = find_oldest_(oldest); row.next();) {
      const auto command = command_id::parse(std::string{row.text(1)});
      if (command && receipt_of(*command, row, 2).intact) old.push_back(row.integer(0));
    }
    for (const auto key : old) forget_.run(key);
  }

private:
  static constexpr const char* forgetting = "forgetting receipts of commands";

  const connection& db_;
  statement find_{db_, "looking up a command", "SELECT " SKALD_RECEIPT_COLUMNS " FROM skald_commands WHERE id = ?1"};
  statement keep_{// a receipt that is replaced gets a new key: keys grow with time
                  db_, "writing the receipt of a command",
                  "INSERT OR REPLACE INTO skald_commands (id, kept, first, last, revisions, answer, checksum) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"};
  statement find_oldest_{db_, forgetting,
                         "SELECT key, id, " SKALD_RECEIPT_COLUMNS " FROM skald_commands WHERE kept < ?1 "
                         "AND key IN (SELECT key FROM skald_commands ORDER BY key LIMIT 2)"};
  statement forget_{db_, forgetting, "DELETE FROM skald_commands WHERE key = ?1"};
};

} // namespace skald::detail::sqlite
