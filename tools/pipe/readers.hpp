#pragma once

#include "../json/object.hpp"
#include "request.hpp"

#include <variant>
#include <vector>

namespace tools {

/// Each reads the members that its operation takes, besides `req` and `op`. Throws `failure` once there are more
/// elements than the operation may have: memory then holds no more of them.
operation read_append(json_object& from);
operation read_hydrate(json_object& from);
operation read_read(json_object& from);
operation read_read_all(json_object& from);
operation read_status(json_object& from);
operation read_relate(json_object& from);
operation read_related(json_object& from);
operation read_snapshot(json_object& from);

/// Changes of relations, also those that an append makes.
std::vector<skald::relation_change> read_relations(const json_value& from);

/// One of two names: `stream` or `key`.
std::variant<skald::stream_id, skald::relation_key> read_stream_or_key(json_object& from);

} // namespace tools
