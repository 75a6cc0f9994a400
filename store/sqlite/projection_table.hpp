#pragma once

#include <skald/store/checks/projection_checks.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/sqlite/connection.hpp>

#include <cstdint>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The checkpoints of projections and the completions of their handlers.
class projection_table {
public:
  explicit projection_table(const connection& db) : db_{db} {}

  void add(std::string_view name, position fresh_from) { add_.run(name, fresh_from); }

  [[nodiscard]] result<checkpoint> find(std::string_view name) {
    return checkpoint_in(name, find_(name), [&](std::int64_t key) { return completions_(key); });
  }

  [[nodiscard]] result<void> save(const checkpoint_update& update) {
    auto row = advance_(std::string_view{update.projection}, update.handled);
    if (!row.next()) return unknown_projection(update.projection);
    const auto key = row.integer(0);
    const auto handled = position{counter_at(row, 1)};
    for (const auto& done : update.completions)
      if (done.position > handled) complete_.run(key, done.position, std::string_view{done.handler});
    forget_completions_.run(key, handled);
    return {};
  }

  void rewind(std::string_view name, position handled, position fresh_from) { rewind_.run(name, handled, fresh_from); }

private:
  static constexpr const char* reading = "reading a checkpoint";
  static constexpr const char* saving = "saving a checkpoint";

  const connection& db_;
  statement add_{db_, "registering a projection",
                 "INSERT INTO skald_projections (name, handled, fresh_from) VALUES (?1, 0, ?2) "
                 "ON CONFLICT (name) DO NOTHING"};
  statement find_{db_, reading, "SELECT key, handled, fresh_from FROM skald_projections WHERE name = ?1"};
  statement completions_{db_, reading,
                         "SELECT position, handler FROM skald_completions WHERE projection = ?1 "
                         "ORDER BY position, handler"};
  statement advance_{db_, saving,
                     "UPDATE skald_projections SET handled = max(handled, ?2) WHERE name = ?1 RETURNING key, handled"};
  statement rewind_{db_, "moving a checkpoint back",
                    "UPDATE skald_projections SET handled = ?2, fresh_from = ?3 WHERE name = ?1"};
  statement complete_{db_, saving, "INSERT INTO skald_completions VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"};
  statement forget_completions_{db_, saving, "DELETE FROM skald_completions WHERE projection = ?1 AND position <= ?2"};
};

} // namespace skald::detail::sqlite
