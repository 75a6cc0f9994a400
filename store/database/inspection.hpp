#pragma once

#include <skald/store/database/rows.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/values/last_position.hpp>
#include <skald/store/verify/inspector.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

/// Shows a database to an inspector. Not for users, and not installed.
///
/// A reader, `from`, has
///
/// - `each(sql, use)`: calls `use(row)` for each row of the result;
/// - `go_on()`: prepares to continue after a statement failed;
/// - `show_records(found, after, limit)`: shows up to `limit` records after position `after`, moves `after` to the
///   last one, and returns false if there was none; it reads nothing before the first of them;
/// - `show_streams(found)`, `show_receipts(found)`, `show_snapshots(found)`: show all of them;
/// - `show_own(found)`: runs the checks that only this database has.
namespace skald::detail {

/// Shows all streams, in one pass over the rows of both. `row` has key, name, revision and newest time, ordered by key.
/// `event` has stream, revision, position and `created`, ordered by these.
void show_streams(inspector& found, auto& row, auto& event) {
  bool more = event.next();
  for (; row.next(); found.end_streams()) {
    const auto key = row.integer(0);
    auto name = stream_id::parse(std::string{row.text(1)});
    if (!name) found.note("a stream, key " + std::to_string(key) + ", has an impossible name");
    found.show_stream(name ? *name : stream_id{}, revision{unsigned_at(row, 2)}, timestamp{unsigned_at(row, 3)});
    while (more && event.integer(0) < key) more = event.next(); // its record reports that it has no stream
    for (; more && event.integer(0) == key; more = event.next())
      found.show_event(revision{unsigned_at(event, 1)}, position{unsigned_at(event, 2)},
                       timestamp{unsigned_at(event, 3)});
  }
}

/// Shows a receipt. Columns: command, then those of the receipt.
void show_receipt(inspector& found, const auto& row) {
  const auto command = command_id::parse(std::string{row.text(0)});
  const auto known = receipt_of(command ? *command : command_id{}, row, 1);
  found.show_receipt(row.text(0), known.given.last, known.intact);
}

/// Shows a snapshot. Columns: reducer, whether it is of a relation, name of the relation or of the stream, then those
/// of the snapshot.
void show_snapshot(inspector& found, const auto& row) {
  const auto key_of = [&]<class Name>(result<Name> name) {
    return snapshot_key{std::string{row.text(0)}, name ? std::move(*name) : Name{}};
  };
  std::string name{row.text(2)};
  const auto key =
    row.integer(1) == 0 ? key_of(stream_id::parse(std::move(name))) : key_of(relation_key::parse(std::move(name)));
  found.show_snapshot(key, snapshot_at(row, 3, key).has_value());
}

inline constexpr auto most_at_once = static_cast<std::int64_t>(limits::page_records);
inline constexpr auto the_end = static_cast<std::int64_t>(last_position.value);

/// The last position of a range that cannot be read and begins with `first`, or `the_end`.
///
/// It tries the next positions one by one, since a sound page may lie between two damaged ones. After `most_at_once`
/// positions, the steps double. The last step is then bisected.
std::int64_t last_unreadable(auto& from, std::int64_t first) {
  const auto can_be_read_after = [&](std::int64_t after) {
    inspector aside;
    try {
      (void)from.show_records(aside, after, 1);
      return true;
    } catch (const failure& why) {
      if (why.code() != errc::corrupt) throw;
      from.go_on();
      return false;
    }
  };
  auto damaged = first - 1;
  auto sound = first;
  while (sound < the_end && !can_be_read_after(sound)) {
    damaged = sound;
    const auto tried = sound - first;
    sound += std::min(tried < most_at_once ? 1 : tried, the_end - sound);
  }
  while (sound - damaged > 1) {
    const auto middle = damaged + (sound - damaged) / 2;
    (can_be_read_after(middle) ? sound : damaged) = middle;
  }
  return sound;
}

void show_records(inspector& found, auto& from) {
  std::int64_t after = INT64_MIN;
  for (auto limit = most_at_once; after != the_end;) {
    try {
      if (!from.show_records(found, after, limit)) return;
      limit = std::min(2 * limit, most_at_once);
    } catch (const failure& why) { // a damaged page holds more than one record, and later ones may be sound
      if (why.code() != errc::corrupt) throw;
      from.go_on();
      if (std::exchange(limit, 1) != 1) continue;
      const auto first = std::max(after, std::int64_t{0}) + 1;
      after = last_unreadable(from, first);
      found.show_unreadable(position{static_cast<std::uint64_t>(first)}, position{static_cast<std::uint64_t>(after)},
                            why.error().message);
    }
  }
}

/// Shows everything stored. Notes the parts that cannot be read, and continues after them.
void inspect(inspector& found, auto& from) {
  const auto look = [&](const std::string& what, auto show) {
    try {
      show();
      return true;
    } catch (const failure& why) {
      if (why.code() != errc::corrupt) throw;
      from.go_on();
      found.note(what + " could not all be looked at: " + why.error().message);
      return false;
    }
  };
  const auto look_at_each = [&](const char* what, const char* text, auto show) {
    look(what, [&] { from.each(text, show); });
  };
  look("records", [&] { show_records(found, from); });
  if (!look("streams", [&] { from.show_streams(found); })) found.leave_out_streams();
  look_at_each("projections", "SELECT name, handled FROM skald_projections",
               [&](const auto& row) { found.show_projection(row.text(0), position{unsigned_at(row, 1)}); });
  look("commands", [&] { from.show_receipts(found); });
  look("snapshots", [&] { from.show_snapshots(found); });
  look_at_each("relation keys", "SELECT key, name, revision FROM skald_relation_keys ORDER BY key",
               [&](const auto& row) {
                 const auto key = "a relation, key " + std::to_string(row.integer(0));
                 if (!relation_key::parse(std::string{row.text(1)})) found.note(key + ", has an impossible name");
                 if (row.integer(2) < 0)
                   found.note(key + ", has the impossible revision " + std::to_string(row.integer(2)));
               });
  look_at_each("relations",
               "SELECT r.key, r.stream FROM skald_relations r LEFT JOIN skald_relation_keys k ON k.key = r.key "
               "LEFT JOIN skald_streams s ON s.key = r.stream WHERE k.key IS NULL OR s.key IS NULL "
               "ORDER BY r.key, r.stream",
               [&](const auto& row) {
                 found.note("a relation between key " + std::to_string(row.integer(0)) + " and stream " +
                            std::to_string(row.integer(1)) + " is kept, one of which is not there");
               });
  look_at_each("completions",
               "SELECT c.projection, c.position, c.handler FROM skald_completions c "
               "LEFT JOIN skald_projections p ON p.key = c.projection WHERE p.key IS NULL "
               "ORDER BY c.projection, c.position, c.handler",
               [&](const auto& row) {
                 found.note("handler " + in_quotes(row.text(2)) + " is done with position " +
                            std::to_string(row.integer(1)) + " for projection " + std::to_string(row.integer(0)) +
                            ", which is not there");
               });
  look_at_each("identity", "SELECT count(*) FROM skald_store HAVING count(*) <> 1", [&](const auto& row) {
    found.note("skald_store has " + std::to_string(row.integer(0)) + " rows, not one");
  });
  look("tables and indexes", [&] { from.show_own(found); });
}

} // namespace skald::detail
