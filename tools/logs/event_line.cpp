#include "../json/walker.hpp"
#include "../text.hpp"
#include "event_line.hpp"
#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <array>
#include <bitset>

namespace tools {

namespace {

/// Without the closing bracket.
std::string open_line(const skald::record& r) {
  std::string line;
  line.reserve(r.data.size() + r.meta.size() + r.stream.str().size() + r.type.size() + 200);
  line += "{\"stream\":" + quoted(r.stream.str());
  line += ",\"type\":" + quoted(r.type);
  line += ",\"created\":\"" + r.created.str() + '"';
  line += ",\"data\":" + r.data;
  if (!r.meta.empty()) line += ",\"meta\":" + r.meta;
  line += ",\"id\":\"" + r.id.str() + '"';
  if (r.created.counter() != 0) line += ",\"counter\":" + std::to_string(r.created.counter());
  if (r.schema_version != 1) line += ",\"version\":" + std::to_string(r.schema_version);
  if (!r.batch.empty()) line += ",\"batch\":" + quoted(r.batch.str());
  if (r.silent) line += ",\"silent\":true";
  return line;
}

[[noreturn]] void refuse(const std::string& why) { throw skald::failure{skald::errc::invalid_argument, why}; }

[[noreturn]] void refuse(std::string_view member, std::string_view why) {
  refuse(std::string{member} + ": " + std::string{why});
}

template <class T>
T read_as(std::string_view json, std::string_view member) {
  auto read = skald::from_json<T>(json);
  if (!read) refuse(member, read.error().message);
  return std::move(*read);
}

/// The text of a JSON string. Mostly it stands there as it is, and only its ends are cut off.
std::string string_in(std::string_view json, std::string_view member) {
  const auto is_plain = [](char c) { return c != '\\' && static_cast<unsigned char>(c) >= 0x20; };
  if (json.starts_with('"') && std::ranges::all_of(json, is_plain)) return std::string{json.substr(1, json.size() - 2)};
  return read_as<std::string>(json, member);
}

template <class Name>
Name name_in(std::string_view json, std::string_view member) {
  auto name = Name::parse(string_in(json, member));
  if (!name) refuse(member, name.error().message);
  return std::move(*name);
}

/// A time in quotes, or a number where the log counts.
skald::timestamp time_in(std::string_view json, std::string_view member, const log_time& times) {
  const bool is_number = json.find_first_of("-0123456789") == 0;
  if (is_number && !times.takes_numbers())
    refuse(member,
           "expected a string, found a number; where it counts from 1970, import the log with --time seconds, or "
           "milliseconds");
  const auto text = is_number ? std::string{json} : string_in(json, member);
  try {
    return times.read(text);
  } catch (const skald::failure& why) {
    refuse(member, why.what());
  }
}

log_event read_members(std::string_view line, const log_time& times) {
  constexpr std::array<std::string_view, 15> names{"stream",   "type",     "created",  "data",     "meta",
                                                   "id",       "counter",  "version",  "batch",    "silent",
                                                   "position", "revision", "recorded", "hydrated", "outdated"};
  constexpr std::size_t needed = 4; // of the names
  log_event event;
  auto& r = event.record;
  std::uint16_t counter = 0;
  std::bitset<names.size()> seen;
  json_walker walk{line};
  if (!walk.take('{')) refuse("this is no object");
  for (bool more = !walk.take('}'); more;) {
    const auto name = string_in(walk.string(), "the name of a member");
    if (!walk.take(':')) refuse("this is no JSON");
    const auto value = walk.value();
    const auto which = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    if (which == names.size()) refuse("the member " + skald::detail::in_quotes(name) + " is unknown");
    if (seen[which]) refuse(name, "stands twice");
    seen.set(which);
    switch (which) {
      case 0: r.stream = name_in<skald::stream_id>(value, name); break;
      case 1: r.type = string_in(value, name); break;
      case 2: event.time = time_in(value, name, times); break;
      case 3: r.data = value; break;
      case 4: r.meta = value; break;
      case 5: r.id = name_in<skald::event_id>(value, name); break;
      case 6: counter = read_as<std::uint16_t>(value, name); break;
      case 7: r.schema_version = read_as<std::uint32_t>(value, name); break;
      case 8: r.batch = name_in<skald::batch_key>(value, name); break;
      case 9: r.silent = read_as<bool>(value, name); break;
      default:
        if (auto json = skald::check_json(value); !json) refuse(name, json.error().message);
    }
    more = walk.take(',');
    if (!more && !walk.take('}')) refuse("this is no JSON");
  }
  if (!walk.ended()) refuse("this is no JSON");
  for (std::size_t i = 0; i < needed; ++i)
    if (!seen[i]) refuse(names[i], "missing");
  r.created = event.time;
  if (seen[6]) {
    const auto both = with_counter(event.time, counter);
    if (!both) refuse("counter", both.error().message);
    r.created = *both;
  }
  return event;
}

} // namespace

std::string event_line(const skald::record& r) { return open_line(r) + '}'; }

std::string record_line(const skald::record& r) {
  auto line = open_line(r);
  line += ",\"position\":" + std::to_string(r.position.value);
  line += ",\"revision\":" + std::to_string(r.revision.value);
  line += ",\"recorded\":\"" + r.recorded.str() + '"';
  if (r.hydrated) line += ",\"hydrated\":true";
  if (r.outdated) line += ",\"outdated\":true";
  return line + '}';
}

log_event parse_event_line(std::string_view line, const log_time& times) {
  try {
    return read_members(line, times);
  } catch (const skald::failure&) {
    // The walker knows little of JSON: where that is the trouble, this says where.
    if (auto json = skald::check_json(line, 2 * skald::limits::json_depth); !json) throw skald::failure{json.error()};
    throw;
  }
}

} // namespace tools
