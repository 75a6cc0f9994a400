#pragma once

#include <skald/store/inspector.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/rows.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

/// How every database is shown to an inspector. Not for users, and not installed.
///
/// A `Reader` has `each(text, use)`, which calls `use(row)` for each row that is the answer to this SQL; `go_on()`, which is
/// called when a statement has failed; and `show_records(found, behind, limit)`, which shows up to so many records, moves
/// `behind` with them, and is false where there was none. `show_streams(found)` shows all streams and `show_own(found)` what
/// only this database has.
namespace skald::detail {

/// Rows of key, name, revision and newest event, by their keys, and those of stream, revision, position and `created`, by
/// just these: both are walked through once.
void show_streams(inspector& found, auto& row, auto& event) {
  bool more = event.next();
  for (; row.next(); found.end_streams()) {
    const auto key = row.integer(0);
    auto name = stream_id::parse(std::string{row.text(1)});
    if (!name) found.note("a stream, key " + std::to_string(key) + ", has an impossible name");
    found.show_stream(name ? *name : stream_id{}, revision{unsigned_at(row, 2)}, timestamp{unsigned_at(row, 3)});
    while (more && event.integer(0) < key) more = event.next(); // its record tells that it has no stream
    for (; more && event.integer(0) == key; more = event.next())
      found.show_event(revision{unsigned_at(event, 1)}, position{unsigned_at(event, 2)},
                       timestamp{unsigned_at(event, 3)});
  }
}

void show_records(inspector& found, auto& from) {
  constexpr auto most = static_cast<std::int64_t>(limits::page_records);
  std::int64_t behind = INT64_MIN;
  std::int64_t step = 1;
  for (auto limit = most;;) {
    const auto before = behind;
    try {
      if (!from.show_records(found, behind, limit)) return;
      step = 1;
      limit = std::min(2 * limit, most);
    } catch (const failure& why) { // a damaged page holds more than one record, and those behind it may be sound
      if (why.code() != errc::corrupt) throw;
      from.go_on();
      if (behind != before) step = 1;
      if (std::exchange(limit, 1) != 1) continue;
      if (behind > static_cast<std::int64_t>(from.head().value)) throw;
      const auto first = static_cast<std::uint64_t>(std::max(behind, std::int64_t{0}) + 1);
      behind = static_cast<std::int64_t>(first) + std::exchange(step, 2 * step) - 1;
      found.show_unreadable(position{first}, position{static_cast<std::uint64_t>(behind)}, why.error().message);
    }
  }
}

/// Shows all that is stored. What cannot be read is noted, and what lies behind it shown.
void inspect(inspector& found, auto& from) {
  const auto look = [&](auto show) {
    try {
      show();
    } catch (const failure& why) {
      if (why.code() != errc::corrupt) throw;
      from.go_on();
      found.note(why.error().message);
    }
  };
  const auto look_at_each = [&](const char* text, auto show) { look([&] { from.each(text, show); }); };
  look([&] { show_records(found, from); });
  look([&] { from.show_streams(found); });
  look_at_each("SELECT name, handled FROM skald_projections",
               [&](const auto& row) { found.show_projection(row.text(0), position{unsigned_at(row, 1)}); });
  look_at_each("SELECT id, last FROM skald_commands "
               "WHERE last > (SELECT coalesce(max(position), 0) FROM skald_events)",
               [&](const auto& row) { found.show_command(row.text(0), position{unsigned_at(row, 1)}); });
  look_at_each("SELECT r.key, r.stream FROM skald_relations r LEFT JOIN skald_relation_keys k ON k.key = r.key "
               "LEFT JOIN skald_streams s ON s.key = r.stream WHERE k.key IS NULL OR s.key IS NULL "
               "ORDER BY r.key, r.stream",
               [&](const auto& row) {
                 found.note("a relation between key " + std::to_string(row.integer(0)) + " and stream " +
                            std::to_string(row.integer(1)) + " is kept, one of which is not there");
               });
  look_at_each("SELECT c.projection, c.position, c.handler FROM skald_completions c "
               "LEFT JOIN skald_projections p ON p.key = c.projection WHERE p.key IS NULL "
               "ORDER BY c.projection, c.position, c.handler",
               [&](const auto& row) {
                 found.note("handler " + in_quotes(row.text(2)) + " is done with position " +
                            std::to_string(row.integer(1)) + " for projection " + std::to_string(row.integer(0)) +
                            ", which is not there");
               });
  look([&] { from.show_own(found); });
}

} // namespace skald::detail
