#include "../json/checked_walker.hpp"
#include "../json/string.hpp"
#include "../text.hpp"
#include "cloud_event.hpp"
#include <skald/store/quoted.hpp>

#include <string>

namespace tools {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw skald::failure{skald::errc::invalid_argument, why}; }

/// What of a CloudEvent is no member of an event by itself.
struct attributes {
  std::string specversion;
  std::string source;
  std::string id;
  std::string_view data;
  std::string_view data_base64;
  std::string meta; ///< of an object, without brackets
};

std::string text_of(std::string_view json, const std::string& name) {
  if (json.front() != '"') refuse(name + ": expected a string");
  auto text = json_string_in(json);
  if (text.empty()) refuse(name + ": expected a string that is not empty");
  return text;
}

attributes read_attributes(std::string_view object) {
  attributes read;
  for (checked_walker walk{object}; walk.next('{');) {
    const auto quoted_name = walk.value();
    const auto name = json_string_in(quoted_name);
    walk.take(':');
    const auto value = walk.value();
    if (name == "data") {
      read.data = value;
      continue;
    }
    if (value == "null") continue; // not set
    if (name == "data_base64") {
      (void)text_of(value, name);
      read.data_base64 = value;
    } else if (name == "specversion") {
      read.specversion = text_of(value, name);
    } else if (name != "type" && name != "time") {
      if (name == "source") read.source = text_of(value, name);
      if (name == "id") read.id = text_of(value, name);
      if (!read.meta.empty()) read.meta += ',';
      read.meta.append(quoted_name).append(1, ':').append(value);
    }
  }
  return read;
}

} // namespace

const member_map& cloud_event_map() {
  static const member_map map{"stream=source+'/'+subject|source,type=type,created=time"};
  return map;
}

log_event cloud_event_of(std::string_view object, const member_map& map, const log_time& times) {
  const auto read = read_attributes(object);
  if (read.specversion != "1.0")
    refuse(read.specversion.empty() ? std::string{"specversion: missing: this is no CloudEvent"}
                                    : "specversion: expected 1.0, found " + skald::detail::in_quotes(read.specversion));
  if (read.id.empty()) refuse("id: missing");
  if (read.source.empty()) refuse("source: missing");
  if (!read.data.empty() && !read.data_base64.empty()) refuse("data_base64: there is data, too: it takes one of both");
  auto event = map.event_of(object, times);
  auto& r = event.record;
  if (!map.maps(member_map::data)) {
    if (!read.data.empty()) r.data = read.data;
    if (!read.data_base64.empty()) r.data = R"({"data_base64":)" + std::string{read.data_base64} + '}';
  }
  if (!map.maps(member_map::meta)) r.meta = '{' + read.meta + '}';
  if (!map.maps(member_map::id)) {
    const auto uuid = skald::event_id::parse(read.id);
    r.id = uuid && !uuid->nil() ? *uuid : skald::derive_event_id({"CloudEvent", read.source, read.id});
  }
  return event;
}

} // namespace tools
