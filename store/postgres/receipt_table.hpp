#pragma once

#include <skald/store/database/revisions.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/postgres/connection.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The receipts of commands. New ones are buffered until the end of a transaction.
class receipt_table {
public:
  using kept_receipt = event_store::transaction::kept_receipt;

  explicit receipt_table(connection& db) : db_{db} {}

  /// Looks up many commands at once.
  void prefetch(std::span<const command_id> commands) {
    std::vector<std::string> ids;
    for (const auto& command : commands)
      if (known_.try_emplace(command).second) ids.push_back(command.str());
    if (!ids.empty()) look_up(ids);
  }

  [[nodiscard]] std::optional<kept_receipt> find(const command_id& command) {
    const auto [known, added] = known_.try_emplace(command);
    if (added) look_up(std::span{&command.str(), 1});
    return known->second;
  }

  void keep(const command_id& command, const receipt& given, timestamp kept) {
    known_[command] = kept_receipt{given, kept};
    new_.insert(command);
  }

  /// Forgets two receipts that were kept before `oldest`, at the end of the transaction.
  void forget_before(timestamp oldest) {
    old_ += 2;
    oldest_ = std::max(oldest_, oldest);
    for (auto& [command, known] : known_)
      if (known && known->intact && known->kept < oldest) known.reset(), new_.erase(command);
  }

  /// Returns false if there was no receipt to write. Damaged ones that are removed by mistake are written once more.
  bool flush() {
    array id, kept, first, last, revisions, answer, checksum;
    bool any = !new_.empty();
    const auto add_text = [](array& to, const rows& row, int column) {
      row.null(column) ? to.add_null() : to.add(row.text(column));
    };
    if (old_ != 0)
      for (auto row = db_.run(remove_, clamped(oldest_.ticks()), std::exchange(old_, 0)); row.next();) {
        const auto command = command_id::parse(std::string{row.text(0)});
        if (command && receipt_of(*command, row, 1).intact) continue;
        add_text(id, row, 0), add_text(first, row, 1), add_text(last, row, 2), add_text(revisions, row, 3);
        add_text(answer, row, 4), add_text(kept, row, 5), add_text(checksum, row, 6);
        any = true;
      }
    if (!any) return false;
    for (const auto& command : new_) {
      const auto& what = *known_.at(command);
      id.add(command.str());
      kept.add(what.kept);
      first.add(what.given.first);
      last.add(what.given.last);
      revisions.add(json_of(what.given.revisions));
      what.given.answer.empty() ? answer.add_null() : answer.add(what.given.answer);
      checksum.add(static_cast<std::int64_t>(checksum_of(command, what.given, what.kept)));
    }
    db_.run(write_, id.take(), kept.take(), first.take(), last.take(), revisions.take(), answer.take(),
            checksum.take());
    new_.clear();
    return true;
  }

  void forget() noexcept {
    known_.clear();
    new_.clear();
    old_ = 0;
    oldest_ = {};
  }

private:
  void look_up(std::span<const std::string> ids) {
    for (auto row = db_.run(find_, array_of(ids)); row.next();) {
      const command_id command{std::string{row.text(0)}};
      known_[command] = receipt_of(command, row, 1);
    }
  }

  static inline const statement find_{
                                       // answers with the id that was asked for, not with what a damaged row has
    "looking up commands", "SELECT asked.id, " SKALD_RECEIPT_COLUMNS
                           " FROM unnest($1::text[]) AS asked (id) JOIN skald_commands c ON c.id = asked.id"};
  static inline const statement write_{"writing the receipts of commands", R"sql(
INSERT INTO skald_commands
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
ON CONFLICT (id) DO UPDATE SET kept = excluded.kept, first = excluded.first, last = excluded.last,
  revisions = excluded.revisions, answer = excluded.answer, checksum = excluded.checksum)sql"};
  static inline const statement remove_{
    "forgetting receipts of commands",
    "DELETE FROM skald_commands WHERE id IN (SELECT id FROM skald_commands WHERE kept < $1 ORDER BY kept LIMIT $2) "
    "RETURNING id, " SKALD_RECEIPT_COLUMNS};

  connection& db_;
  std::map<command_id, std::optional<kept_receipt>> known_;
  std::set<command_id> new_; // not written yet
  std::int64_t old_ = 0;     // so many are forgotten that were kept before `oldest_`
  timestamp oldest_;
};

} // namespace skald::detail::postgres
