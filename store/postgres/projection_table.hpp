#pragma once

#include <skald/store/checks/projection_checks.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/postgres/connection.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// The checkpoints of projections and the completions of their handlers.
class projection_table {
public:
  explicit projection_table(connection& db) : db_{db} {}

  void add(std::string_view name, std::optional<position> fresh_from) {
    db_.run(add_, std::string{name}, fresh_from ? std::to_string(fresh_from->value) : std::string{});
  }

  [[nodiscard]] result<checkpoint> find(std::string_view name) {
    return checkpoint_in(name, db_.run(find_, std::string{name}),
                         [&](std::int64_t key) { return db_.run(find_completions_, key); });
  }

  [[nodiscard]] result<void> save(const checkpoint_update& update) {
    array positions;
    array handlers;
    for (const auto& done : update.completions) {
      positions.add(done.position);
      handlers.add(done.handler);
    }
    auto saved = db_.run(save_, update.projection, clamped(update.handled.value), positions.take(), handlers.take());
    if (!saved.next()) return unknown_projection(update.projection);
    return {};
  }

  void rewind(std::string_view name, position handled, position fresh_from) {
    db_.run(rewind_, std::string{name}, clamped(handled.value), clamped(fresh_from.value));
  }

private:
  static inline const statement add_{"registering a projection",
                                     "INSERT INTO skald_projections (name, handled, fresh_from) "
                                     "SELECT $1, 0, coalesce(nullif($2, '')::bigint, position) FROM skald_head "
                                     "ON CONFLICT (name) DO NOTHING"};
  /// Locks the row: its completions, and what is decided by them, are of the same moment.
  static inline const statement find_{
    "reading a checkpoint", "SELECT key, handled, fresh_from FROM skald_projections WHERE name = $1 FOR UPDATE"};
  static inline const statement find_completions_{
    "reading a checkpoint", "SELECT position, handler FROM skald_completions WHERE projection = $1 "
                            "ORDER BY position, handler"};
  static inline const statement save_{"saving a checkpoint", R"sql(
WITH p AS (UPDATE skald_projections SET handled = greatest(handled, $2) WHERE name = $1 RETURNING key, handled),
passed AS (DELETE FROM skald_completions c USING p WHERE c.projection = p.key AND c.position <= p.handled),
added AS (
  INSERT INTO skald_completions SELECT p.key, u.position, u.handler
  FROM p, unnest($3::bigint[], $4::text[]) AS u (position, handler) WHERE u.position > p.handled ON CONFLICT DO NOTHING)
SELECT 1 FROM p)sql"};
  static inline const statement rewind_{"moving a checkpoint back",
                                        "UPDATE skald_projections SET handled = $2, fresh_from = $3 WHERE name = $1"};

  connection& db_;
};

} // namespace skald::detail::postgres
