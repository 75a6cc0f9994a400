#include "moment.hpp"
#include "readers.hpp"
#include <skald/store/checks/append_checks.hpp>

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
  skald::detail::volume all;
  if (const auto list = from.at("records"))
    list->for_each([&](const json_value& record) {
      const auto& read = records.emplace_back(read_record(record));
      all.add(read.data, read.meta).value();
    });
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
