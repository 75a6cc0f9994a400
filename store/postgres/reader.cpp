#include <skald/store/postgres/reader.hpp>

#include <skald/store/database/inspection.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/postgres/verifier.hpp>
#include <skald/store/values/last_position.hpp>
#include <skald/store/verify/completeness.hpp>

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

namespace skald::detail::postgres {

namespace {

/// A bound of a page of a stream, as PostgreSQL compares it.
struct bound {
  std::int64_t created;
  std::string id;
};

bound bound_at(const stream_cursor& cursor) {
  return {static_cast<std::int64_t>(cursor.created.ticks()), cursor.id.str()};
}
bound after_all() {
  event_id::bytes_type highest;
  highest.fill(0xff);
  return {INT64_MAX, event_id{highest}.str()};
}

/// A cursor from beyond the end of time sorts after all records.
template <class Query>
bound low_of(const Query& query) {
  if (!query.after()) return {-1, event_id{}.str()};
  return query.after()->created > timestamp::max() ? after_all() : bound_at(*query.after());
}

/// The last place before `query.before()`.
template <class Query>
bound high_of(const Query& query) {
  if (!query.before() || query.before()->created > timestamp::max()) return after_all();
  auto bytes = query.before()->id.bytes();
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte)
    if ((*byte)-- != 0) return {static_cast<std::int64_t>(query.before()->created.ticks()), event_id{bytes}.str()};
  return {static_cast<std::int64_t>(query.before()->created.ticks()) - 1, event_id{bytes}.str()};
}

/// One row more than the page can hold: it shows that there are more.
template <class Query>
std::int64_t rows_wanted(const Query& query) {
  return static_cast<std::int64_t>(std::min(query.limit().value_or(SIZE_MAX), limits::page_records + 1));
}

} // namespace

template <class Query, class... Values>
rows reader::run_page(const std::array<statement, 2>& pages, const Query& query, const std::string& streams,
                      const Values&... further) {
  const auto& page = pages[index_of(query.direction())];
  const auto low = low_of(query);
  const auto high = high_of(query);
  if (!query.types())
    return db_->run(page, streams, low.created, low.id, high.created, high.id, nullptr, rows_wanted(query), further...);
  return db_->run(page, streams, low.created, low.id, high.created, high.id, array_of(*query.types()),
                  rows_wanted(query), further...);
}

template <class Query>
page reader::fill(const Query& query, rows& found) {
  decode_.trim();
  decode_.fetch_page(found, std::is_same_v<Query, stream_query> ? streams_of_page::one : streams_of_page::several);
  return decode_.fill(query, found);
}

reader::reader(std::unique_ptr<connection> db, bool verified)
  : db_{std::move(db)}, verified_{verified}, decode_{*db_, verified} {}

page reader::read(const stream_query& query) {
  auto found = run_page(stream_pages, query, query.stream().str());
  auto answer = fill(query, found);
  if (verified_ && ended(query, answer)) check_complete(array_of(std::span{&query.stream().str(), 1}), "{}");
  return answer;
}

page reader::read(const streams_query& query) {
  array streams;
  array keys;
  for (const auto& stream : query.streams()) streams.add(stream.str());
  for (const auto& key : query.keys()) keys.add(key.str());
  const auto names = streams.take();
  const auto relations = keys.take();
  auto found = run_page(streams_pages, query, names, relations);
  auto answer = fill(query, found);
  if (verified_ && ended(query, answer)) check_complete(names, relations);
  return answer;
}

page reader::read(const all_query& query) {
  const auto newest = verified_ ? head() : position{};
  const auto first = clamped(query.after().value_or(position{}).value);
  const auto last = clamped(query.before().value_or(last_position).value);
  const auto& page = all_pages[index_of(query.direction())];
  auto found = query.types() ? db_->run(page, first, last, array_of(*query.types()), rows_wanted(query))
                             : db_->run(page, first, last, nullptr, rows_wanted(query));
  auto answer = fill(query, found);
  if (verified_)
    if (const auto gap = problem_of_gaps(query, answer, newest)) db_->corrupt(*gap);
  return answer;
}

std::optional<record> reader::find(const event_id& id) {
  auto found = db_->run(find_event, id.str());
  decode_.trim();
  decode_.fetch_page(found, streams_of_page::several);
  return found.next() ? std::optional{decode_(found)} : std::nullopt;
}

rows reader::status(const record& r) {
  return db_->run(find_status, r.id.str(), r.stream.str(), clamped(r.created.ticks()), r.type);
}

position reader::head() {
  auto found = db_->run(look_at_head);
  if (!found.next()) db_->corrupt("the table skald_head is empty");
  return position{unsigned_at(found, 0)};
}

rows reader::snapshot_of(const snapshot_key& key) {
  return db_->run(key.stream() ? find_snapshot_of_stream : find_snapshot_of_relation, key.relation() != nullptr,
                  key.name(), key.reducer());
}

rows reader::streams(std::string_view after, std::size_t limit) {
  return db_->run(list_streams, std::string{after}, clamped(limit));
}

rows reader::relations(std::string_view after, std::size_t limit) {
  return db_->run(list_relations, std::string{after}, clamped(limit));
}

rows reader::snapshots(const snapshot_key& after, std::size_t limit) {
  return db_->run(list_snapshots, after.reducer(), after.relation() != nullptr, after.name(), clamped(limit));
}

std::vector<type_summary> reader::types() {
  std::vector<type_summary> all;
  for (auto row = db_->run(count_types); row.next();) all.push_back({std::string{row.text(0)}, unsigned_at(row, 1)});
  return all;
}

void reader::inspect(inspector& found) {
  decode_.types().clear(); // the stored names count, not the cached ones
  decode_.forget_streams();
  verifier shown{*db_, decode_};
  detail::inspect(found, shown);
}

/// Pages of streams are found by an index. If an entry is missing from it, its record would be missing from the page,
/// too.
void reader::check_complete(const std::string& streams, const std::string& keys) {
  for (auto row = db_->run(count_events, streams, keys); row.next();)
    db_->corrupt(incomplete(row.text(0), row.integer(1), row.integer(2)));
}

} // namespace skald::detail::postgres
