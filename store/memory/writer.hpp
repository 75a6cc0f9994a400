#pragma once

#include <skald/store/append/sameness.hpp>
#include <skald/store/memory/event_table.hpp>
#include <skald/store/memory/receipt_table.hpp>
#include <skald/store/memory/relation_table.hpp>
#include <skald/store/memory/snapshot_table.hpp>

#include <algorithm>
#include <cassert>

/// Not for users, and not installed.
namespace skald::detail::memory {

/// Runs one transaction on the tables, which the store undoes if the transaction fails.
class writer final : public event_store::transaction {
public:
  writer(event_table& events, relation_table& relations, receipt_table& receipts, snapshot_table& snapshots)
    : events_{events}, relations_{relations}, receipts_{receipts}, snapshots_{snapshots} {}

  stream_head head_of(const stream_id& stream) override {
    const auto& entries = events_.stream(stream);
    if (entries.empty()) return {};
    return {revision{entries.size()}, entries.back().at.created};
  }

  position head() override { return position{events_.size()}; }

  std::optional<known_event> find(const event_id& id) override {
    const auto* found = events_.find(id);
    if (!found) return std::nullopt;
    return known_event{without_body(*found), checksum_of(*found)};
  }

  bool holds_later(const stream_id& stream, std::string_view type, timestamp created) override {
    return events_.holds_later(stream, type, created);
  }

  revision revision_at(const stream_id& stream, position head) override {
    const auto& entries = events_.stream(stream);
    const auto before = [&](const event_table::entry& e) { return e.where < head.value; };
    return revision{static_cast<std::uint64_t>(std::count_if(entries.begin(), entries.end(), before))};
  }

  void write(const record& r) override {
    assert(r.position == position{events_.size() + 1});
    events_.add(r);
  }

  std::optional<kept_receipt> find(const command_id& command) override { return receipts_.find(command); }

  void keep(const command_id& command, const receipt& given, timestamp kept) override {
    receipts_.put(command, {given, kept});
  }

  void forget_receipts(timestamp oldest) override { receipts_.forget(oldest); }

  void relate(const relation_change& change) override { relations_.apply(change); }

  void save(const snapshot& s) override { snapshots_.save(s); }
  void remove(const snapshot_key& key) override { snapshots_.remove(key); }

private:
  event_table& events_;
  relation_table& relations_;
  receipt_table& receipts_;
  snapshot_table& snapshots_;
};

} // namespace skald::detail::memory
