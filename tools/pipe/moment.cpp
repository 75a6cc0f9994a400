#include "../logs/log_time.hpp"
#include "moment.hpp"

namespace tools {

/// A moment, with the counter behind it that its text does not show.
void read_created(json_object& from, skald::timestamp& out) {
  const bool has_created = from.read("created", out);
  std::uint16_t counter = 0;
  if (!from.read("counter", counter)) return;
  if (!has_created) return from.refuse("counter", "needs created");
  if (const auto both = with_counter(out, counter))
    out = *both;
  else
    from.refuse("counter", both.error().message);
}

void need_created(json_object& from, skald::timestamp& out) {
  if (from.at("created")) return read_created(from, out);
  (void)from.find("counter"); // which says nothing without it
}

void read_cursor(const json_value& from, skald::stream_cursor& out) {
  json_object object{from};
  need_created(object, out.created);
  object.need("id", out.id);
  object.end();
}

void read_cursor(const json_value& from, skald::position& out) { from.read(out.value); }

} // namespace tools
