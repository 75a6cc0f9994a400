#pragma once

#include <skald/store/memory/undo_list.hpp>
#include <skald/store/transaction.hpp>

#include <map>
#include <optional>

/// Not for users, and not installed.
namespace skald::detail::memory {

/// The receipts of commands, by command and by age.
class receipt_table {
public:
  using kept_receipt = event_store::transaction::kept_receipt;

  explicit receipt_table(undo_list& undo) : undo_{undo} {}

  [[nodiscard]] std::optional<kept_receipt> find(const command_id& command) const {
    const auto found = receipts_.find(command);
    return found == receipts_.end() ? std::nullopt : std::optional{found->second};
  }

  void put(const command_id& command, const kept_receipt& what) {
    erase(command);
    receipts_.emplace(command, what);
    by_age_.emplace(what.kept, command);
    undo_.add([this, command] { erase(command); });
  }

  void forget(timestamp oldest) {
    for (int i = 0; i < 2 && !by_age_.empty() && by_age_.begin()->first < oldest; ++i)
      erase(command_id{by_age_.begin()->second});
  }

private:
  void erase(const command_id& command) {
    const auto found = receipts_.find(command);
    if (found == receipts_.end()) return;
    undo_.add([this, command, what = found->second] { put(command, what); });
    by_age_.erase(found->second.kept);
    receipts_.erase(found);
  }

  std::map<command_id, kept_receipt> receipts_;
  std::map<timestamp, command_id> by_age_;
  undo_list& undo_;
};

} // namespace skald::detail::memory
