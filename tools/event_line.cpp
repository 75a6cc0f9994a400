#include "event_line.hpp"
#include "text.hpp"

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
  if (r.silent) line += ",\"silent\":true";
  return line;
}

} // namespace

std::string event_line(const skald::record& r) { return open_line(r) + '}'; }

std::string record_line(const skald::record& r) {
  auto line = open_line(r);
  line += ",\"position\":" + std::to_string(r.position.value);
  line += ",\"revision\":" + std::to_string(r.revision.value);
  line += ",\"recorded\":\"" + r.recorded.str() + '"';
  if (!r.batch.empty()) line += ",\"batch\":" + quoted(r.batch.str());
  if (r.hydrated) line += ",\"hydrated\":true";
  if (r.outdated) line += ",\"outdated\":true";
  return line + '}';
}

} // namespace tools
