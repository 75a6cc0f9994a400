#include <skald/store/sqlite/reader.hpp>

#include <skald/store/database/inspection.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/read/merge_streams.hpp>
#include <skald/store/sqlite/verifier.hpp>
#include <skald/store/values/last_position.hpp>
#include <skald/store/verify/completeness.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

namespace skald::detail::sqlite {

namespace {

/// A bound of a page of a stream, as SQLite compares it.
struct bound {
  std::int64_t created;
  std::span<const std::uint8_t> id;
};

constexpr std::string_view no_types = "[]";
constexpr std::array<std::uint8_t, 17> after_all_ids{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr bound after_all{INT64_MAX, after_all_ids};
constexpr bound before_all{INT64_MIN, {}};

/// A cursor from beyond the end of time sorts after all records.
bound bound_at(const stream_cursor& cursor) {
  if (cursor.created > timestamp::max()) return after_all;
  return {static_cast<std::int64_t>(cursor.created.ticks()), cursor.id.bytes()};
}
bound low_of(const stream_cursor* after) { return after ? bound_at(*after) : before_all; }
bound high_of(const stream_cursor* before) { return before ? bound_at(*before) : after_all; }
const stream_cursor* pointer_to(const std::optional<stream_cursor>& cursor) { return cursor ? &*cursor : nullptr; }

std::int64_t checked(rows found, std::string_view name, name_check* check) {
  if (found.next()) {
    if (check) check->found(name, found.integer(0));
    return found.integer(0);
  }
  if (check) check->all();
  return 0;
}

} // namespace

/// Makes all reads of its lifetime see one moment. A type might else appear between the look-up of a query's types
/// and the read, and its first record would be missing from a page that has later ones of other types.
class reader::moment {
public:
  explicit moment(reader& of) : of_{of} { of_.sql_.begin.run(); }
  ~moment() { of_.sql_.end().run_anyway(); }
  moment(const moment&) = delete;
  moment& operator=(const moment&) = delete;

private:
  reader& of_;
};

reader::reader(std::unique_ptr<connection> db, bool verified) : db_{std::move(db)}, decode_{*db_, verified} {
  if (verified) check_.emplace(*db_);
}

page reader::read(const stream_query& query) {
  const moment now{*this};
  const auto types = keys_of(query.types());
  if (types == no_types) return {};
  const auto low = low_of(pointer_to(query.after()));
  const auto high = high_of(pointer_to(query.before()));
  auto found = sql_.stream_pages[index_of(query.direction())](query.stream(), low.created, low.id, high.created,
                                                              high.id, unless_empty(types));
  auto answer = decode_.fill(query, found);
  if (check_ && ended(query, answer))
    if (const auto key = key_of(query.stream())) check_complete(key);
  return answer;
}

page reader::read(const streams_query& query) {
  const moment now{*this};
  const auto types = keys_of(query.types());
  if (types == no_types) return {};
  const auto streams = keys_of(query);
  const bool forward = query.direction() == direction::forward;
  auto& find_next = sql_.next_of_stream[index_of(query.direction())];
  struct hit {
    stream_cursor at;
    std::int64_t token; // the position
  };
  const auto next = [&](std::size_t i, const stream_cursor* behind) -> std::optional<hit> {
    const auto low = low_of(forward && behind ? behind : pointer_to(query.after()));
    const auto high = high_of(!forward && behind ? behind : pointer_to(query.before()));
    auto row = find_next(streams[i], low.created, low.id, high.created, high.id, unless_empty(types));
    if (!row.next()) return {};
    return hit{{timestamp{unsigned_at(row, 1)}, row.id(2).value_or(event_id{})}, row.integer(0)};
  };
  auto answer = merge_streams(query, streams.size(), next, [&](std::int64_t position) {
    auto row = sql_.at_position(position);
    row.next();
    return decode_(row);
  });
  if (check_ && ended(query, answer))
    for (const auto stream : streams) check_complete(stream);
  return answer;
}

page reader::read(const all_query& query) {
  const moment now{*this};
  const auto types = keys_of(query.types());
  if (types == no_types) return {};
  auto found = sql_.all_pages[index_of(query.direction())](query.after().value_or(position{}),
                                                           query.before().value_or(last_position), unless_empty(types));
  auto answer = decode_.fill(query, found);
  if (check_)
    if (const auto gap = problem_of_gaps(query, answer, check_->newest())) db_->corrupt(*gap);
  return answer;
}

std::optional<record> reader::find(const event_id& id) {
  auto row = sql_.find(id);
  if (!row.next()) return std::nullopt;
  return decode_(row);
}

rows reader::revision_of(const stream_id& stream) {
  check(stream);
  return sql_.revision(stream);
}

rows reader::related(const relation_key& key) {
  check(key);
  return sql_.relation(key);
}

rows reader::snapshot_of(const snapshot_key& key) {
  key.stream() ? check(*key.stream()) : check(*key.relation());
  auto& find = key.stream() ? sql_.snapshot_of_stream : sql_.snapshot_of_relation;
  return find(std::string_view{key.name()}, std::string_view{key.reducer()});
}

rows reader::streams(std::string_view after, std::size_t limit) {
  if (check_) check_->streams.all();
  return sql_.streams(after, std::uint64_t{limit});
}

rows reader::relations(std::string_view after, std::size_t limit) {
  if (check_) check_->relations.all();
  return sql_.relations(after, std::uint64_t{limit});
}

rows reader::snapshots(const snapshot_key& after, std::size_t limit) {
  return sql_.snapshots(std::string_view{after.reducer()}, std::int64_t{after.relation() != nullptr},
                        std::string_view{after.name()}, std::uint64_t{limit});
}

std::vector<type_summary> reader::types() {
  const moment now{*this};
  std::map<std::int64_t, std::uint64_t> counts; // GROUP BY would sort all events
  for (auto row = sql_.types_of_events(); row.next();) ++counts[row.integer(0)];
  std::vector<type_summary> all;
  for (const auto& [key, events] : counts)
    if (const auto* name = types_.name_of(key)) all.push_back({*name, events});
  std::ranges::sort(all, {}, &type_summary::type);
  return all;
}

void reader::inspect(inspector& found) {
  const moment now{*this};
  types_.clear(); // the stored names count, not the cached ones
  verifier shown{*db_, decode_};
  detail::inspect(found, shown);
}

/// Pages of streams are found by an index. If an entry is missing from it, or replaced by another, its record would be
/// missing from the page, too.
void reader::check_complete(std::int64_t stream) {
  auto row = sql_.stream_row(stream);
  if (!row.next()) db_->corrupt("stream " + std::to_string(stream) + " is not there, which is read");
  std::int64_t found = 0;
  stream_cursor last;
  for (auto event = sql_.events_of(stream); event.next(); ++found) {
    const stream_cursor at{timestamp{unsigned_at(event, 0)}, event.id(1).value_or(event_id{})};
    if (found != 0 && at <= last)
      db_->corrupt("the events of stream " + in_quotes(row.text(0)) + " are not in their order");
    last = at;
  }
  if (found != row.integer(1)) db_->corrupt(incomplete(row.text(0), row.integer(1), found));
}

/// The keys as a JSON array, or nothing if a query asks for all types.
std::string reader::keys_of(const std::optional<std::vector<std::string>>& types) {
  if (!types) return {};
  std::string keys;
  for (const auto& name : *types)
    if (const auto key = types_.key_of(name)) keys += (keys.empty() ? "" : ",") + std::to_string(*key);
  return '[' + keys + ']';
}

/// The streams that are named, or that are under the keys, each once.
std::vector<std::int64_t> reader::keys_of(const streams_query& query) {
  std::set<std::int64_t> streams;
  for (const auto& stream : query.streams())
    if (const auto key = key_of(stream)) streams.insert(key);
  for (const auto& key : query.keys()) {
    if (check_) (void)key_of(key);
    for (auto found = sql_.stream_keys_under(key); found.next();) streams.insert(found.integer(0));
  }
  return {streams.begin(), streams.end()};
}

/// 0 if the store does not know it.
std::int64_t reader::key_of(const stream_id& stream) {
  return checked(sql_.stream_key(stream), stream.str(), check_ ? &check_->streams : nullptr);
}

std::int64_t reader::key_of(const relation_key& key) {
  return checked(sql_.relation_key(key), key.str(), check_ ? &check_->relations : nullptr);
}

} // namespace skald::detail::sqlite
