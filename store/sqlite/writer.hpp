#pragma once

#include <skald/store/database/head_tracker.hpp>
#include <skald/store/sqlite/event_table.hpp>
#include <skald/store/sqlite/identity_table.hpp>
#include <skald/store/sqlite/projection_table.hpp>
#include <skald/store/sqlite/receipt_table.hpp>
#include <skald/store/sqlite/snapshot_table.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The text of the pragma that makes commits durable.
[[nodiscard]] constexpr const char* synchronous(durability kept) noexcept {
  return kept == durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
}

/// Writes. Each transaction runs between `begin` and `commit` or `undo`.
///
/// The writer caches streams and types until another connection writes; `begin` notices that.
class writer final : public event_store::transaction {
public:
  /// `kept` is the durability that the connection is set to.
  writer(std::unique_ptr<connection> db, durability kept, hybrid_clock& clock, bool verified);

  void begin(durability kept);
  void commit();
  /// Ends the transaction, unless SQLite has ended it already.
  void undo() noexcept;

  /// See `event_store::appended_elsewhere`. Not within a transaction.
  [[nodiscard]] std::optional<position> take_appended_elsewhere();

  /// After a fault of the disk: leaves the file as it is, also when it is closed.
  void leave_alone() noexcept { db_->keep_log(); }

  stream_head head_of(const stream_id& stream) override { return streams_.at(stream).second.head(); }
  position head() override { return head_; }
  std::optional<known_event> find(const event_id& id) override { return events_.find(id); }
  bool holds_later(const stream_id& stream, std::string_view type, timestamp created) override;
  revision revision_at(const stream_id& stream, position head) override;
  void write(const record& r) override;
  std::optional<kept_receipt> find(const command_id& command) override { return receipts_.find(command); }
  void keep(const command_id& command, const receipt& given, timestamp kept) override {
    receipts_.keep(command, given, kept);
  }
  void forget_receipts(timestamp oldest) override { receipts_.forget_before(oldest); }
  void relate(const relation_change& change) override { relations_.apply(change); }
  void save(const snapshot& s) override { snapshots_.save(s); }
  void remove(const snapshot_key& key) override { snapshots_.remove(key); }

  [[nodiscard]] store_identity identity() { return identity_.find(); }
  void begin_epoch(const event_id& epoch) { identity_.begin_epoch(epoch); }

  void register_projection(std::string_view name, std::optional<position> fresh_from) {
    projections_.add(name, fresh_from.value_or(head_));
  }
  [[nodiscard]] result<checkpoint> read_checkpoint(std::string_view name) { return projections_.find(name); }
  [[nodiscard]] result<void> save(const checkpoint_update& update) { return projections_.save(update); }
  void rewind(std::string_view name, position handled, position fresh_from) {
    projections_.rewind(name, handled, fresh_from);
  }

private:
  void look_for_others();
  void forget() noexcept;
  position observe(const rows& newest);

  std::unique_ptr<connection> db_;
  durability kept_;
  hybrid_clock& clock_;
  std::optional<cross_check> check_; // if it verifies
  stream_table streams_;
  event_table events_;
  relation_table relations_;
  snapshot_table snapshots_;
  receipt_table receipts_{*db_};
  projection_table projections_{*db_};
  identity_table identity_{*db_};

  statement begin_{*db_, "waiting for its turn to write", "BEGIN IMMEDIATE"};
  statement commit_{*db_, "committing a transaction", "COMMIT"};
  statement rollback_{*db_, "undoing a transaction", "ROLLBACK"};
  statement data_version_{*db_, "looking for writes of others", "PRAGMA data_version"};

  std::int64_t version_ = -1; // of the data that is cached
  position head_;
  head_tracker heads_;
  log_size log_;
};

} // namespace skald::detail::sqlite
