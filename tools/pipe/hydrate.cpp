#include "moment.hpp"
#include "readers.hpp"

namespace tools {

namespace {

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

} // namespace

operation read_hydrate(json_object& from) {
  std::vector<skald::record> records;
  if (const auto all = from.at("records"))
    all->for_each([&](const json_value& record) { records.push_back(read_record(record)); });
  return records;
}

operation read_status(json_object& from) {
  skald::record made;
  from.need("id", made.id);
  from.need("stream", made.stream);
  from.need("type", made.type);
  need_created(from, made.created);
  return made;
}

} // namespace tools
