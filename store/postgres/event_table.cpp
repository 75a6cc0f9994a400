#include <skald/store/postgres/event_table.hpp>

#include <skald/store/checksum.hpp>
#include <skald/store/values/flags.hpp>

#include <algorithm>
#include <array>

namespace skald::detail::postgres {

namespace {

const statement find_types{"looking up event types", "SELECT key, name FROM skald_types WHERE name = ANY ($1)"};
const statement find_events{"looking up events",
                            "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e WHERE e.id = ANY ($1)"};
const statement find_events_without_body{"looking up events",
                                         "SELECT " SKALD_RECORD_COLUMNS
                                         ", '', '', e.stream, 0 FROM skald_events e WHERE e.id = ANY ($1)"};
const statement write_events{"writing events", R"sql(
WITH head AS (UPDATE skald_head SET position = $1, recorded = $2, last_stream = $3, last_type = $4),
types AS (INSERT INTO skald_types SELECT * FROM unnest($5::integer[], $6::text[])),
new_streams AS (
  INSERT INTO skald_streams SELECT * FROM unnest($7::bigint[], $8::text[], $9::bigint[], $10::bigint[])),
old_streams AS (
  UPDATE skald_streams s SET revision = u.revision, newest = u.newest
  FROM unnest($11::bigint[], $12::bigint[], $13::bigint[]) AS u (key, revision, newest) WHERE s.key = u.key),
events AS (
  INSERT INTO skald_events SELECT * FROM unnest($14::bigint[], $15::uuid[], $16::bigint[], $17::integer[], $18::bigint[],
    $19::bigint[], $20::bigint[], $21::bigint[], $22::integer[], $23::text[], $24::text[], $25::text[], $26::bigint[]))
SELECT pg_notify($27, $1::text))sql"};
const statement find_later{"looking for later events",
                           "SELECT 1 FROM skald_events WHERE stream = $1 AND created > $2 AND type = $3 LIMIT 1"};
const statement count_until{"counting the events of a stream",
                            "SELECT count(*) FROM skald_events WHERE stream = $1 AND position <= $2"};

} // namespace

void event_table::prefetch(std::span<const event_id> ids) {
  while (!ids.empty()) {
    const auto part = ids.first(std::min(ids.size(), rows_of_a_statement));
    look_up(part);
    ids = ids.subspan(part.size());
  }
}

void event_table::prefetch(std::set<std::string> types) {
  std::erase_if(types, [&](const std::string& type) { return types_.key_of(type).has_value(); });
  if (!types.empty() && types.size() <= known_types::most) look_up_types(types);
}

std::optional<event_table::known_event> event_table::find(const event_id& id) {
  if (const auto place = buffered_.find(id); place != buffered_.end()) {
    const auto& r = buffer_[place->second];
    return known_event{without_body(r), checksum_of(r)};
  }
  if (const auto known = known_.find(id); known != known_.end()) return known->second;
  look_up(std::span{&id, 1});
  return known_.at(id);
}

bool event_table::holds_later(const stream_id& stream, std::string_view type, timestamp created) {
  const auto& state = streams_.at(stream).second;
  if (state.newest <= created) return false;
  const auto is_later = [&](const record& r) { return r.stream == stream && r.type == type && r.created > created; };
  if (std::ranges::any_of(buffer_, is_later)) return true;
  const auto key = known_key(std::string{type});
  return key && db_.run(find_later, state.key, clamped(created.ticks()), *key).next();
}

revision event_table::revision_at(const stream_id& stream, position head) {
  auto found = db_.run(count_until, streams_.at(stream).second.key, clamped(head.value));
  found.next();
  return revision{counter_at(found, 0)};
}

bool event_table::add(const record& r) {
  known_.erase(r.id);
  buffered_.emplace(r.id, buffer_.size());
  bytes_ += buffer_.emplace_back(r).data.size() + r.meta.size();
  return buffer_.size() == rows_of_a_statement || bytes_ >= bytes_of_a_statement;
}

bool event_table::flush(head_row& head, const std::string& channel) {
  if (!streams_.has_changed() && buffer_.empty()) return false;
  array position, id, stream, type, revision, version, created, recorded, flags, data, meta, batch, checksum;
  for (const auto& r : buffer_) {
    position.add(r.position);
    id.add(r.id);
    stream.add(streams_.at(r.stream).second.key);
    type.add(type_key(r.type, head));
    revision.add(r.revision);
    version.add(static_cast<std::int64_t>(r.schema_version));
    created.add(r.created);
    recorded.add(r.recorded);
    flags.add(static_cast<std::int64_t>(flags_of(r)));
    data.add(r.data);
    r.meta.empty() ? meta.add_null() : meta.add(r.meta);
    r.batch.empty() ? batch.add_null() : batch.add(r.batch.str());
    checksum.add(static_cast<std::int64_t>(checksum_of(r)));
  }
  auto rows = streams_.changed();
  db_.run(write_events, clamped(head.newest.value), clamped(head.recorded.ticks()), streams_.last_key(), head.last_type,
          new_type_keys_.take(), new_types_.take(), rows.new_key.take(), rows.new_name.take(), rows.new_revision.take(),
          rows.new_newest.take(), rows.old_key.take(), rows.old_revision.take(), rows.old_newest.take(),
          position.take(), id.take(), stream.take(), type.take(), revision.take(), version.take(), created.take(),
          recorded.take(), flags.take(), data.take(), meta.take(), batch.take(), checksum.take(), channel);
  streams_.written();
  buffer_.clear();
  buffered_.clear();
  bytes_ = 0;
  return true;
}

void event_table::begin() noexcept {
  decode_.forget_streams(); // names that may never have been committed
  buffer_.clear();
  buffered_.clear();
  known_.clear();
  bytes_ = 0;
  new_types_ = {};
  new_type_keys_ = {};
}

void event_table::undo() noexcept {
  if (std::exchange(has_new_types_, false)) types_.clear();
}

void event_table::look_up(std::span<const event_id> ids) {
  for (const auto& id : ids) known_.try_emplace(id);
  auto found = db_.run(verified_ ? find_events : find_events_without_body, array_of(ids));
  while (auto left = decode_.fetch_page(found, streams_of_page::several))
    for (; left > 0 && found.next(); --left) {
      const auto r = decode_(found);
      known_[r.id] = known_event{without_body(r), record_decoder::checksum(found)};
    }
}

void event_table::look_up_types(const auto& names) {
  for (auto row = db_.run(find_types, array_of(names)); row.next();) types_.add(row.integer(0), row.text(1));
}

std::optional<std::int64_t> event_table::known_key(const std::string& type) {
  if (!types_.key_of(type)) look_up_types(std::array{type});
  return types_.key_of(type);
}

std::int64_t event_table::type_key(const std::string& type, head_row& head) {
  if (const auto known = known_key(type)) return *known;
  types_.add(++head.last_type, type);
  new_types_.add(type);
  new_type_keys_.add(head.last_type);
  has_new_types_ = true;
  return head.last_type;
}

} // namespace skald::detail::postgres
