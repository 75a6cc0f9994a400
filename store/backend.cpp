#include <skald/store/backend.hpp>

#include <skald/store/checksum.hpp>
#include <skald/store/json.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <string>

namespace skald::detail {

namespace {

namespace flag { // stored and part of checksums: append only
constexpr std::uint64_t hydrated = 1;
constexpr std::uint64_t outdated = 2;
constexpr std::uint64_t silent = 4;
constexpr std::uint64_t all = hydrated | outdated | silent;
} // namespace flag

} // namespace

std::uint64_t flags_of(const record& r) noexcept {
  return (r.hydrated ? flag::hydrated : 0) | (r.outdated ? flag::outdated : 0) | (r.silent ? flag::silent : 0);
}

const char* restore(record& r, const stored_numbers& from, std::optional<std::string_view> batch) {
  r.position = position{static_cast<std::uint64_t>(from.position)};
  r.revision = revision{static_cast<std::uint64_t>(from.revision)};
  r.schema_version = static_cast<std::uint32_t>(from.schema_version);
  r.created = timestamp{static_cast<std::uint64_t>(from.created)};
  r.recorded = timestamp{static_cast<std::uint64_t>(from.recorded)};
  const auto flags = static_cast<std::uint64_t>(from.flags);
  r.hydrated = (flags & flag::hydrated) != 0;
  r.outdated = (flags & flag::outdated) != 0;
  r.silent = (flags & flag::silent) != 0;
  auto key = batch ? batch_key::parse(std::string{*batch}) : batch_key{};
  if (key) r.batch = std::move(*key);
  if (from.position < 1) return "has an impossible position";
  if (from.revision < 1) return "has an impossible revision";
  if (from.schema_version != r.schema_version) return "has an impossible schema version";
  if (from.created < 0) return "has an impossible time of creation";
  if (from.recorded < 0) return "has an impossible time of recording";
  if ((flags & ~flag::all) != 0) return "has unknown flags";
  return key ? nullptr : "has an impossible batch key";
}

record without_body(const record& r) {
  record rest;
  rest.id = r.id;
  rest.stream = r.stream;
  rest.revision = r.revision;
  rest.position = r.position;
  rest.type = r.type;
  rest.schema_version = r.schema_version;
  rest.created = r.created;
  rest.recorded = r.recorded;
  rest.batch = r.batch;
  rest.hydrated = r.hydrated;
  rest.outdated = r.outdated;
  rest.silent = r.silent;
  return rest;
}

const char* problem_of_checksum(const record& r, std::optional<std::uint64_t> kept) {
  if (!kept) return "has no checksum";
  return *kept == checksum_of(r) ? nullptr : "is not what was written: its checksum is of something else";
}

std::string sentence_about(const record& r, std::string_view problem) {
  const auto id = r.id.nil() ? "" : ", id " + r.id.str();
  const auto stream = r.stream.empty() ? "" : ", in stream " + in_quotes(r.stream.str()) + ',';
  return "the event at position " + std::to_string(r.position.value) + id + stream + ' ' + std::string{problem};
}

std::optional<std::string> problem_of_gaps(const all_query& query, const page& read, position newest) {
  if (query.types()) return {};
  const bool forward = query.direction() == direction::forward;
  const auto low = query.after().value_or(position{}).value; // what is wanted lies between these
  const auto high = std::min(query.before().value_or(last_position).value, newest.value + 1);
  auto at = forward ? low : high;
  const auto missing = [&](const std::string& beside) {
    return "position " + std::to_string(forward ? at + 1 : at - 1) + " is missing" + beside;
  };
  for (const auto& r : read.records) {
    const auto here = r.position.value;
    const bool appended_since = !forward && at == high && here >= high;
    if (here != (forward ? at + 1 : at - 1) && !appended_since)
      return missing(" beside position " + std::to_string(here));
    at = here;
  }
  const auto [from, to] = forward ? std::pair{at, high} : std::pair{low, at};
  if (!ended(query, read) || from >= to || to - from == 1) return {};
  return missing(", there have been events up to position " + std::to_string(newest.value));
}

std::string incomplete(std::string_view stream, std::int64_t revision, std::int64_t found) {
  return "stream " + in_quotes(stream) + " is at revision " + std::to_string(revision) + ", but " +
         std::to_string(found) + " events of it are found";
}

std::string json_of(const std::vector<revision>& revisions) {
  std::string text = "[";
  for (const auto number : revisions) text += (text.size() > 1 ? "," : "") + std::to_string(number.value);
  return text + ']';
}

bool read_revisions(std::string_view text, std::vector<revision>& revisions) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto number = revision::parse(text.substr(0, comma));
    if (!number) return false;
    revisions.push_back(*number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

result<void> check_readable(const stream_id& stream) {
  if (stream.empty()) return error{errc::invalid_argument, "the stream to read has no name: name it"};
  return {};
}

result<void> check_readable(const relation_key& key) {
  if (key.empty()) return error{errc::invalid_argument, "the relation to read has no key: name it"};
  return {};
}

namespace {

result<void> check_types(const std::optional<std::vector<std::string>>& types) {
  if (!types) return {};
  if (types->size() > limits::query_types)
    return error{errc::invalid_argument, "a query names " + std::to_string(types->size()) + " event types, at most " +
                                           std::to_string(limits::query_types) +
                                           " are looked for: read all and choose"};
  for (const auto& type : *types)
    if (auto problem = problem_of_name("an event type", type, limits::event_type_bytes)) return *problem;
  return {};
}

} // namespace

result<void> check_readable(const stream_query& query) {
  if (auto ok = check_readable(query.stream()); !ok) return ok;
  return check_types(query.types());
}

result<void> check_readable(const streams_query& query) {
  if (const auto names = query.streams().size() + query.keys().size(); names > limits::query_names)
    return error{errc::invalid_argument, "a query names " + std::to_string(names) + " streams or keys, at most " +
                                           std::to_string(limits::query_names) +
                                           " are read as one: keep the streams under one key"};
  for (const auto& stream : query.streams())
    if (auto ok = check_readable(stream); !ok) return ok;
  for (const auto& key : query.keys())
    if (auto ok = check_readable(key); !ok) return ok;
  return check_types(query.types());
}

result<void> check_readable(const all_query& query) { return check_types(query.types()); }

result<void> check_readable(const record& r) {
  if (auto ok = check_readable(r.stream); !ok) return ok;
  if (auto problem = problem_of_name("an event type", r.type, limits::event_type_bytes)) return *problem;
  return {};
}

result<void> check_list_start(std::string_view after) {
  if (after.empty()) return {};
  if (auto problem = problem_of_name("the name that a list begins behind", after)) return *problem;
  return {};
}

error out_of_order() {
  return {errc::corrupt, "reading a list: a name of it lies in front of the one before: see by verifying what else is "
                         "damaged, and restore the store from a backup"};
}

result<void> check_projection(std::string_view name, position stored) {
  if (auto problem = problem_of_name("a projection's name", name, limits::projection_name_bytes)) return *problem;
  if (stored > last_position)
    return error{errc::invalid_argument, "projection " + in_quotes(name) + ": position " +
                                           std::to_string(stored.value) + " is beyond what a store can hold"};
  return {};
}

result<void> check_update(const checkpoint_update& update) {
  if (auto ok = check_projection(update.projection, update.handled); !ok) return ok;
  for (const auto& done : update.completions) {
    if (auto ok = check_projection(update.projection, done.position); !ok) return ok;
    if (auto problem = problem_of_name("a handler's name", done.handler, limits::handler_name_bytes)) return *problem;
  }
  return {};
}

result<void> check_key(const snapshot_key& key) {
  if (auto problem = problem_of_name("the name of a reducer", key.reducer())) return std::move(*problem);
  if (key.name().empty())
    return error{errc::invalid_argument, "a snapshot of reducer " + in_quotes(key.reducer()) +
                                           " does not say of which stream or relation: name it"};
  return {};
}

result<void> check_snapshot(const snapshot& s) {
  if (auto ok = check_key(s.key); !ok) return ok;
  const auto refused = [&](const std::string& why) {
    return error{errc::invalid_argument, "the snapshot of " + in_quotes(s.key.name()) + " by reducer " +
                                           in_quotes(s.key.reducer()) + ' ' + why};
  };
  if (auto problem = problem_of_name("its fingerprint", s.fingerprint))
    return refused("is refused: " + problem->message);
  if (s.records == 0 || s.cursor.id.nil()) return refused("does not say which records were folded: name the last one");
  if (s.records > last_position.value) return refused("counts more records than a store can hold");
  if (s.relation_revision.value > last_position.value)
    return refused("counts more changes of its relation than a store can hold");
  if (s.state.size() > limits::snapshot_bytes)
    return refused("has a state of " + std::to_string(s.state.size()) + " bytes, at most " +
                   std::to_string(limits::snapshot_bytes) + " are stored: fold from the beginning");
  if (auto valid = check_json(s.state); !valid)
    return refused("has a state that cannot be kept: " + valid.error().message);
  return {};
}

std::string checksum_of(const snapshot& s) {
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  return derive_event_id({s.key.reducer(), s.key.stream() ? "stream" : "relation", s.key.name(), s.fingerprint,
                          number(s.cursor.created.ticks()), s.cursor.id.str(), number(s.records),
                          number(s.relation_revision.value), s.state})
    .str();
}

stored_snapshot judge(snapshot s, const snapshot_basis& now) {
  const bool holds =
    now.intact && s.relation_revision == now.relation_revision && now.records - now.behind == s.records;
  return {std::move(s), holds};
}

error unknown_projection(std::string_view name) {
  return {errc::invalid_argument, "projection " + in_quotes(name) + " is not registered: register it first"};
}

} // namespace skald::detail
