#include <skald/store/append/sameness.hpp>

#include <skald/store/checksum.hpp>
#include <skald/store/quoted.hpp>

namespace skald::detail {

using known_event = event_store::transaction::known_event;

namespace {

const char* difference_of(const auto& event, const stream_id& stream, const known_event& known) {
  if (known.stored.stream != stream) return "which is another stream than this one's";
  if (known.stored.type != event.type) return "with another type";
  if (known.stored.schema_version != event.schema_version) return "with another schema version";
  return checksum_of(known.stored, event.data, event.meta) == known.checksum ? nullptr : "with other data or metadata";
}

} // namespace

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

const char* difference(const new_event& event, const stream_id& stream, const known_event& known) {
  return difference_of(event, stream, known);
}

const char* difference(const record& r, const known_event& known) {
  if (const auto* other = difference_of(r, r.stream, known)) return other;
  const auto here = known.stored.created.time();
  return r.created.time() == here || (!known.stored.hydrated && r.created.time() < here) ? nullptr
                                                                                         : "created at another time";
}

std::string already_stored(const record& known, std::string_view how) {
  return "event " + known.id.str() + " is already stored, in stream " + in_quotes(known.stream.str()) +
         " at revision " + std::to_string(known.revision.value) + ", " + std::string{how};
}

} // namespace skald::detail
