#include "event_line.hpp"
#include "json_object.hpp"
#include "json_walker.hpp"
#include "requests.hpp"
#include "text.hpp"
#include <skald/store/json/depth.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/values/utf8.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace tools {

namespace {

using skald::detail::in_quotes;

/// A moment, with the counter behind it that its text does not show.
void read_created(json_object& from, skald::timestamp& out) {
  const bool has_created = from.read("created", out);
  std::uint16_t counter = 0;
  if (!from.read("counter", counter)) return;
  if (!has_created) return from.refuse("counter", "needs created");
  out = skald::timestamp{out.time(), counter};
}

void need_created(json_object& from, skald::timestamp& out) {
  if (from.at("created")) return read_created(from, out);
  (void)from.find("counter"); // which says nothing without it
}

template <class Cursor>
void read_cursor(const json_value& from, Cursor& out) {
  json_object object{from};
  need_created(object, out.created);
  object.need("id", out.id);
  object.end();
}

void read_cursor(const json_value& from, skald::position& out) { from.read(out.value); }

/// Refuses a word that is none of those that may stand there, if it is one: else that is refused already.
void refuse_word(const json_value& from, const std::string& words, const std::string& word) {
  if (from.text().front() == '"') from.refuse("expected " + words + ", found " + in_quotes(word));
}

skald::expected_revision read_expected(const json_value& from) {
  const std::string words = "any, no_stream, stream_exists or a number";
  if (const char first = from.text().front(); first != '"') {
    if (std::string_view{"{[tfn"}.find(first) != std::string_view::npos) {
      from.expected(words);
      return skald::expected_revision::any();
    }
    skald::revision number;
    from.read(number.value);
    return skald::expected_revision::exactly(number);
  }
  std::string word;
  from.read(word);
  if (word == "no_stream") return skald::expected_revision::no_stream();
  if (word == "stream_exists") return skald::expected_revision::stream_exists();
  if (word != "any") refuse_word(from, words, word);
  return skald::expected_revision::any();
}

skald::new_event read_new_event(const json_value& from) {
  skald::new_event made;
  json_object object{from};
  object.need("type", made.type);
  if (const auto data = object.at("data")) made.data = data->text();
  if (const auto meta = object.find("meta")) made.meta = meta->text();
  made.id = skald::make_event_id();
  object.read("id", made.id);
  if (made.id.nil()) object.refuse("id", "is nil, which names no event: give another one, or none");
  read_created(object, made.created);
  object.read("version", made.schema_version);
  object.end();
  return made;
}

skald::stream_append read_part(const json_value& from) {
  skald::stream_append made{{}, skald::expected_revision::any()};
  json_object object{from};
  object.need("stream", made.stream);
  if (const auto expected = object.find("expected")) made.expected = read_expected(*expected);
  if (const auto events = object.find("events"))
    events->for_each([&](const json_value& event) { made.events.push_back(read_new_event(event)); });
  object.end();
  return made;
}

skald::record read_record(const json_value& from) {
  skald::record made;
  json_object object{from};
  object.need("id", made.id);
  object.need("stream", made.stream);
  object.need("type", made.type);
  if (const auto data = object.at("data")) made.data = data->text();
  if (const auto meta = object.find("meta")) made.meta = meta->text();
  need_created(object, made.created);
  object.read("version", made.schema_version);
  object.read("batch", made.batch);
  object.read("silent", made.silent);
  // Its place in the store that it comes from.
  for (const auto* place : {"position", "revision", "recorded", "hydrated", "outdated"}) (void)object.find(place);
  object.end();
  return made;
}

std::vector<skald::relation_change> read_relations(const json_value& from) {
  using skald::relation_change;
  std::vector<relation_change> changes;
  from.for_each([&](const json_value& change) {
    json_object object{change};
    const auto word = object.at("do");
    if (!word) return;
    std::string what;
    word->read(what);
    constexpr std::array<std::string_view, 4> words{"insert", "remove", "remove_key", "remove_stream"};
    if (std::ranges::find(words, what) == words.end())
      return refuse_word(*word, "insert, remove, remove_key or remove_stream", what);
    skald::relation_key key;
    skald::stream_id stream;
    if (what != "remove_stream") object.need("key", key);
    if (what != "remove_key") object.need("stream", stream);
    if (what == "insert")
      changes.push_back(relation_change::insert(std::move(key), std::move(stream)));
    else if (what == "remove")
      changes.push_back(relation_change::remove(std::move(key), std::move(stream)));
    else if (what == "remove_key")
      changes.push_back(relation_change::remove_key(std::move(key)));
    else
      changes.push_back(relation_change::remove_stream(std::move(stream)));
    object.end();
  });
  return changes;
}

/// A query that starts as `args` make it, with what narrows it down.
template <class Query, class... Args>
operation narrowed(json_object& from, Args&&... args) {
  operation made{std::in_place_type<Query>, std::forward<Args>(args)...};
  auto& query = std::get<Query>(made); // where it stays: g++ 12 warns of moves of queries that have no types
  std::vector<std::string> types;
  if (from.read("types", types)) query.types(std::move(types));
  if (const auto word = from.find("direction")) {
    std::string direction;
    word->read(direction);
    if (direction == "backward")
      query.backward();
    else if (direction != "forward")
      refuse_word(*word, "forward or backward", direction);
  }
  std::uint64_t limit = 0;
  if (from.read("limit", limit)) query.limit(limit);
  if (const auto after = from.find("after")) {
    decltype(Query::cursor_of({})) cursor;
    read_cursor(*after, cursor);
    query.direction() == skald::direction::forward ? query.after(cursor) : query.before(cursor);
  }
  return made;
}

/// One of two names: of a stream, or of a relation key.
template <class OfStream, class OfKey>
void read_either(json_object& from, OfStream of_stream, OfKey of_key) {
  skald::stream_id stream;
  skald::relation_key key;
  const bool has_stream = from.read("stream", stream);
  const bool has_key = from.read("key", key);
  if (has_stream == has_key) from.refuse("stream", "give one of stream and key");
  if (has_stream)
    of_stream(std::move(stream));
  else
    of_key(std::move(key));
}

operation read_append(json_object& from) {
  skald::append_request made;
  if (const auto streams = from.at("streams"))
    streams->for_each([&](const json_value& part) { made.streams.push_back(read_part(part)); });
  if (const auto relations = from.find("relations")) made.relations = read_relations(*relations);
  from.read("batch", made.batch);
  from.read("emit", made.emit);
  from.read("command_id", made.command);
  if (const auto answer = from.find("answer")) made.answer = answer->text();
  return made;
}

operation read_hydrate(json_object& from) {
  std::vector<skald::record> records;
  if (const auto all = from.at("records"))
    all->for_each([&](const json_value& record) { records.push_back(read_record(record)); });
  return records;
}

operation read_read(json_object& from) {
  skald::stream_id stream;
  std::vector<skald::stream_id> streams;
  std::vector<skald::relation_key> keys;
  const bool has_stream = from.read("stream", stream);
  const bool has_streams = from.read("streams", streams);
  const bool has_keys = from.read("keys", keys);
  if (int{has_stream} + int{has_streams} + int{has_keys} != 1)
    from.refuse("stream", "give one of stream, streams and keys");
  if (has_stream) streams.push_back(std::move(stream));
  return has_keys ? narrowed<skald::streams_query>(from, std::move(keys))
                  : narrowed<skald::streams_query>(from, std::move(streams));
}

operation read_read_all(json_object& from) { return narrowed<skald::all_query>(from); }

operation read_status(json_object& from) {
  skald::record made;
  from.need("id", made.id);
  from.need("stream", made.stream);
  from.need("type", made.type);
  need_created(from, made.created);
  return made;
}

operation read_relate(json_object& from) {
  const auto relations = from.at("relations");
  return relations ? read_relations(*relations) : std::vector<skald::relation_change>{};
}

operation read_related(json_object& from) {
  operation made;
  read_either(
    from, [&](skald::stream_id s) { made = std::move(s); }, [&](skald::relation_key k) { made = std::move(k); });
  return made;
}

operation read_snapshot(json_object& from) {
  std::string reducer;
  from.need("reducer", reducer);
  skald::snapshot made;
  read_either(
    from, [&](skald::stream_id s) { made.key = {std::move(reducer), std::move(s)}; },
    [&](skald::relation_key k) { made.key = {std::move(reducer), std::move(k)}; });
  const auto save = from.find("save");
  if (!save) return made.key;
  json_object object{*save};
  object.need("fingerprint", made.fingerprint);
  if (const auto cursor = object.at("cursor")) read_cursor(*cursor, made.cursor);
  object.need("records", made.records);
  object.read("relation_revision", made.relation_revision.value);
  if (const auto state = object.at("state")) made.state = state->text();
  object.end();
  return made;
}

operation read_stats(json_object&) { return stats_request{}; }

struct reader {
  std::string_view name;
  operation (*read)(json_object&);
};
constexpr std::array readers{
  reader{"append", read_append},     reader{"hydrate", read_hydrate},   reader{"read", read_read},
  reader{"read_all", read_read_all}, reader{"status", read_status},     reader{"relate", read_relate},
  reader{"related", read_related},   reader{"snapshot", read_snapshot}, reader{"stats", read_stats},
};

operation read_operation(json_object& from) {
  std::string name;
  if (const auto op = from.at("op")) {
    op->read(name);
    if (op->text().front() != '"') return {};
  } else {
    return {};
  }
  const auto found = std::ranges::find(readers, name, &reader::name);
  if (found == readers.end()) {
    std::string names;
    for (const auto& one : readers) names += (names.empty() ? "" : ", ") + std::string{one.name};
    from.refuse("op", "there is no " + in_quotes(name) + ", there are " + names);
    return {};
  }
  auto made = found->read(from);
  from.end();
  return made;
}

skald::error invalid(std::string why) { return {skald::errc::invalid_argument, std::move(why)}; }

/// Of texts that others made, such as messages of a driver, too.
std::string quoted_whatever(const std::string& text) {
  return quoted(skald::detail::find_ill_formed_utf8(text) == std::string::npos ? text : in_quotes(text));
}

template <class List, class Text>
std::string list_of(const List& list, Text text) {
  std::string all = "[";
  for (const auto& one : list) {
    if (all.size() != 1) all += ',';
    all += text(one);
  }
  return all + ']';
}

std::string cursor_text(const skald::stream_cursor& cursor) {
  const auto counter = cursor.created.counter();
  return "{\"created\":\"" + cursor.created.str() + '"' +
         (counter == 0 ? "" : ",\"counter\":" + std::to_string(counter)) + ",\"id\":\"" + cursor.id.str() + "\"}";
}

std::string cursor_text(skald::position cursor) { return std::to_string(cursor.value); }

template <class Query>
std::string page_text(const skald::page& page) {
  auto text = "\"records\":" + list_of(page.records, [](const skald::record& r) { return record_line(r); });
  if (!page.records.empty()) text += ",\"next\":" + cursor_text(Query::cursor_of(page.records.back()));
  return text + ",\"more\":" + (page.more ? "true" : "false");
}

std::string error_text(const skald::error& why) {
  std::string text{"{\"code\":\""};
  text += to_string(why.code);
  text += "\",\"message\":" + quoted_whatever(why.message) + ",\"outcome\":\"";
  text += to_string(why.outcome);
  text += '"';
  if (why.code == skald::errc::wrong_expected_revision) {
    const auto& [stream, expected, actual] = why.conflict;
    text += ",\"stream\":" + quoted_whatever(stream);
    text += ",\"expected\":" + (skald::revision::parse(expected) ? expected : quoted_whatever(expected));
    text += ",\"actual\":" + std::to_string(actual);
  }
  return text + '}';
}

/// The `req` of a line that is no JSON, where it stands once in front of the fault. Where the object ends in front of it
/// nobody knows whose fault that is: another line may have run into this one.
std::optional<std::uint64_t> number_in_front(std::string_view line) {
  std::optional<std::uint64_t> number;
  try {
    json_walker walk{line};
    auto read = number; // it counts once a comma has ended it
    for (bool more = walk.take('{'); more; more = walk.take(',')) {
      number = read;
      const auto name = skald::from_json<std::string>(walk.string());
      if (!name || !walk.take(':')) return number;
      const auto value = walk.value();
      if (!skald::check_json(value)) return number;
      if (*name != "req") continue;
      const auto found = skald::from_json<std::uint64_t>(value);
      if (read || !found) return {};
      read = *found;
    }
    if (walk.take('}')) return {};
    return number;
  } catch (const skald::failure&) {
    return number; // there is the fault
  }
}

} // namespace

request parse_request(std::string_view line) {
  if (const auto json = skald::detail::check_json_within(line, 2 * skald::limits::json_depth); !json)
    return {number_in_front(line), invalid(json.error().message)};
  skald::detail::json_problems problems;
  const json_value whole{line, problems};
  json_object members{whole};
  std::uint64_t number = 0;
  members.need("req", number);
  const bool has_number = problems.empty();
  auto what = read_operation(members);
  const auto known = has_number ? std::optional{number} : std::nullopt;
  if (!problems.empty()) return {known, invalid(problems.to_error().message)};
  return {known, std::move(what)};
}

std::string ids_of(const skald::append_request& request) {
  if (!request.command.empty()) return {}; // its receipt may be that of other events
  std::string ids;
  for (const auto& part : request.streams)
    for (const auto& event : part.events) ids += (ids.empty() ? "\"" : ",\"") + event.id.str() + '"';
  return ",\"ids\":[" + ids + ']';
}

std::string answer_of(const skald::receipt& receipt) {
  auto text = "\"revisions\":" + list_of(receipt.revisions, [](skald::revision r) { return std::to_string(r.value); });
  if (receipt.first != skald::position{})
    text += ",\"first\":" + std::to_string(receipt.first.value) + ",\"last\":" + std::to_string(receipt.last.value);
  if (!receipt.answer.empty()) text += ",\"answer\":" + receipt.answer;
  return text;
}

std::string answer_of(const skald::hydrate_report& report) {
  auto text = "\"written\":" + std::to_string(report.written) + ",\"known\":" + std::to_string(report.known);
  if (report.last != skald::position{}) text += ",\"last\":" + std::to_string(report.last.value);
  if (!report.different.empty())
    text += ",\"different\":" + list_of(report.different, [](const skald::hydrate_difference& d) {
              return "{\"record\":" + std::to_string(d.index) + ",\"message\":" + quoted(d.message) + '}';
            });
  return text;
}

std::string answer_of(const skald::streams_query&, const skald::page& page) {
  return page_text<skald::streams_query>(page);
}

std::string answer_of(const skald::all_query&, const skald::page& page) { return page_text<skald::all_query>(page); }

std::string answer_of(const skald::record_status& status) {
  return std::string{"\"exists\":"} + (status.exists ? "true" : "false") +
         ",\"outdated\":" + (status.outdated ? "true" : "false");
}

std::string answer_of(const skald::relation& found) {
  return "\"streams\":" + list_of(found.streams, [](const auto& s) { return quoted(s.str()); }) +
         ",\"revision\":" + std::to_string(found.revision.value);
}

std::string answer_of(const std::vector<skald::relation_key>& keys) {
  return "\"keys\":" + list_of(keys, [](const auto& k) { return quoted(k.str()); });
}

std::string answer_of(const std::optional<skald::stored_snapshot>& found) {
  if (!found) return "\"snapshot\":null";
  const auto& s = found->snapshot;
  return "\"snapshot\":{\"fingerprint\":" + quoted(s.fingerprint) + ",\"cursor\":" + cursor_text(s.cursor) +
         ",\"records\":" + std::to_string(s.records) +
         ",\"relation_revision\":" + std::to_string(s.relation_revision.value) + ",\"state\":" + s.state +
         ",\"holds\":" + (found->holds ? "true" : "false") + '}';
}

std::string answer_of(const std::vector<skald::type_summary>& types) {
  std::uint64_t events = 0;
  std::string counts;
  for (const auto& t : types) {
    events += t.events;
    counts += (counts.empty() ? "" : ",") + quoted(t.type) + ':' + std::to_string(t.events);
  }
  return "\"events\":" + std::to_string(events) + ",\"types\":{" + counts + '}';
}

std::string success(std::uint64_t number, const std::string& members) {
  return "{\"req\":" + std::to_string(number) + ",\"ok\":true" + (members.empty() ? "" : ',' + members) + '}';
}

std::string refusal(std::uint64_t number, const skald::error& why) {
  return "{\"req\":" + std::to_string(number) + ",\"ok\":false,\"error\":" + error_text(why) + '}';
}

std::string refusal_of_line(std::uint64_t line, const skald::error& why) {
  return "{\"req\":null,\"ok\":false,\"line\":" + std::to_string(line) + ",\"error\":" + error_text(why) + '}';
}

bool number_set::insert(std::uint64_t number) {
  const auto next = ranges_.upper_bound(number);
  const auto before = next == ranges_.begin() ? ranges_.end() : std::prev(next);
  if (before != ranges_.end() && number <= before->second) return false;
  auto last = number;
  const bool joins_before = before != ranges_.end() && before->second + 1 == number;
  if (next != ranges_.end() && next->first - 1 == number) {
    last = next->second;
    ranges_.erase(next);
  }
  if (joins_before)
    before->second = last;
  else
    ranges_.emplace(number, last);
  return true;
}

} // namespace tools
