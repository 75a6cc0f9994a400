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
      if (known && known->kept < oldest) known.reset(), new_.erase(command);
  }

  /// Returns false if there was no receipt to write.
  bool flush() {
    if (old_ != 0) db_.run(remove_, clamped(oldest_.ticks()), std::exchange(old_, 0));
    if (new_.empty()) return false;
    array id, kept, first, last, revisions, answer;
    for (const auto& command : new_) {
      const auto& what = *known_.at(command);
      id.add(command.str());
      kept.add(what.kept);
      first.add(what.given.first);
      last.add(what.given.last);
      revisions.add(json_of(what.given.revisions));
      what.given.answer.empty() ? answer.add_null() : answer.add(what.given.answer);
    }
    db_.run(write_, id.take(), kept.take(), first.take(), last.take(), revisions.take(), answer.take());
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
    for (auto row = db_.run(find_, array_of(ids)); row.next();)
      known_[command_id{std::string{row.text(0)}}] = receipt_in(row);
  }

  static inline const statement find_{
    "looking up commands", "SELECT id, first, last, revisions, answer, kept FROM skald_commands WHERE id = ANY ($1)"};
  static inline const statement write_{"writing the receipts of commands", R"sql(
INSERT INTO skald_commands
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
ON CONFLICT (id) DO UPDATE SET kept = excluded.kept, first = excluded.first, last = excluded.last,
  revisions = excluded.revisions, answer = excluded.answer)sql"};
  static inline const statement remove_{
    "forgetting receipts of commands",
    "DELETE FROM skald_commands WHERE id IN (SELECT id FROM skald_commands WHERE kept < $1 ORDER BY kept LIMIT $2)"};

  connection& db_;
  std::map<command_id, std::optional<kept_receipt>> known_;
  std::set<command_id> new_; // not written yet
  std::int64_t old_ = 0;     // so many are forgotten that were kept before `oldest_`
  timestamp oldest_;
};

} // namespace skald::detail::postgres
