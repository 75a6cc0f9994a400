#include "moment.hpp"
#include "readers.hpp"

#include <utility>

namespace tools {

operation read_snapshot(json_object& from) {
  std::string reducer;
  from.need("reducer", reducer);
  skald::snapshot made;
  std::visit([&](auto of) { made.key = {std::move(reducer), std::move(of)}; }, read_stream_or_key(from));
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

} // namespace tools
