#pragma once

#include "../json/object.hpp"
#include <skald/store/query.hpp>
#include <skald/store/timestamp.hpp>

/// Moments in requests, and the cursors of which they are a part.
namespace tools {

/// Reads `created`, with the counter behind it that its text does not show. Both may be missing.
void read_created(json_object& from, skald::timestamp& out);
/// The same; a moment that is not there is noted.
void need_created(json_object& from, skald::timestamp& out);

void read_cursor(const json_value& from, skald::stream_cursor& out);
void read_cursor(const json_value& from, skald::position& out);

} // namespace tools
