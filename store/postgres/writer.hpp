#pragma once

#include <skald/store/database/head_tracker.hpp>
#include <skald/store/postgres/event_table.hpp>
#include <skald/store/postgres/identity_table.hpp>
#include <skald/store/postgres/projection_table.hpp>
#include <skald/store/postgres/receipt_table.hpp>
#include <skald/store/postgres/relation_table.hpp>
#include <skald/store/postgres/snapshot_table.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// Writes. Each transaction runs between `begin` or `begin_appending` and `commit` or `undo`.
///
/// Writes are buffered until they are enough for a statement. What the writer knows of streams and events holds while
/// the transaction has the head locked.
class writer final : public event_store::transaction {
public:
  writer(std::unique_ptr<connection> db, hybrid_clock& clock, head_tracker& heads, bool verified);

  void set_trouble(errc trouble) noexcept { db_->set_trouble(trouble); }

  /// Receives what others have appended and notified, without asking the server.
  void hear() { db_->take_notifications(); }
  /// Asks the server for the newest position.
  position look();

  void begin();

  /// Begins a transaction that may append: waits for those of others, and keeps others waiting. Sessions get their
  /// turn in the order in which they asked. Only an advisory lock is fair: a row's lock goes to whoever looks first
  /// after a change.
  void begin_appending(bool relaxed);

  /// Throws `lost_connection` with `outcome::unknown` if the connection is lost before the answer.
  void commit();

  /// Ends the transaction. A lost connection undoes it as well.
  void undo() noexcept;

  /// The trace of a transaction in the store, by which another session finds out whether it was committed.
  struct trace {
    event_id session;
    std::int64_t commits;
  };
  [[nodiscard]] trace last_trace() const { return {session_, commits_}; }

  /// Whether another transaction was committed. It has ended, if this one may append. Its records do not tell:
  /// another node may have written the same ones. Its number does not tell either: a server that crashes gives it
  /// again.
  [[nodiscard]] bool committed(const trace& other);

  void prefetch(std::span<const append_request* const> group) override;
  void prefetch(std::span<const record> records) override;
  void prefetch(std::span<const relation_change> changes) override;

  stream_head head_of(const stream_id& stream) override { return streams_.at(stream).second.head(); }
  position head() override { return head_.newest; }
  std::optional<known_event> find(const event_id& id) override { return events_.find(id); }
  bool holds_later(const stream_id& stream, std::string_view type, timestamp created) override {
    return events_.holds_later(stream, type, created);
  }
  revision revision_at(const stream_id& stream, position head) override;
  void write(const record& r) override;
  std::optional<kept_receipt> find(const command_id& command) override { return receipts_.find(command); }
  void keep(const command_id& command, const receipt& given, timestamp kept) override {
    receipts_.keep(command, given, kept);
  }
  void forget_receipts(timestamp oldest) override { receipts_.forget_before(oldest); }
  void relate(const relation_change& change) override { relations_.apply(change); }
  void save(const snapshot& s) override;
  void remove(const snapshot_key& key) override;

  [[nodiscard]] store_identity identity() { return identity_.find(); }
  void begin_epoch(const event_id& epoch) { identity_.begin_epoch(epoch); }

  void register_projection(std::string_view name, std::optional<position> fresh_from) {
    projections_.add(name, fresh_from);
  }
  [[nodiscard]] result<checkpoint> read_checkpoint(std::string_view name) { return projections_.find(name); }
  [[nodiscard]] result<void> save(const checkpoint_update& update) { return projections_.save(update); }
  void rewind(std::string_view name, position handled, position fresh_from) {
    projections_.rewind(name, handled, fresh_from);
  }

private:
  void flush();
  [[nodiscard]] std::string count_commit();
  void forget() noexcept;

  std::unique_ptr<connection> db_;
  hybrid_clock& clock_;
  head_tracker& heads_;
  std::string head_table_; // its oid
  std::string channel_;
  const event_id session_ = make_event_id();
  std::int64_t commits_ = 0; // of transactions that may append, the last one included

  head_row head_;
  bool appending_ = false;
  bool wrote_ = false; // there is something to commit
  stream_table streams_{*db_};
  event_table events_;
  relation_table relations_{*db_, streams_};
  snapshot_table snapshots_{*db_};
  receipt_table receipts_{*db_};
  projection_table projections_{*db_};
  identity_table identity_{*db_};
};

} // namespace skald::detail::postgres
