#include <skald/store/postgres/records.hpp>

#include <skald/store/limits.hpp>

namespace skald::detail::postgres {

namespace {

const statement find_type_names{"looking up event types", "SELECT key, name FROM skald_types WHERE key = ANY ($1)"};
const statement find_stream_names{"looking up streams", "SELECT key, name FROM skald_streams WHERE key = ANY ($1)"};
const statement find_bodies{"reading events",
                            "SELECT position, data, meta FROM skald_events WHERE position = ANY ($1)"};

} // namespace

std::size_t record_parts::fetch_page(rows& of, streams_of_page streams) {
  std::set<std::int64_t> new_types, new_streams, bodies;
  std::size_t count = 0;
  const auto first = of.place();
  for (std::size_t bytes = 0; count < limits::page_records && bytes < limits::page_bytes && of.next(); ++count) {
    bytes += static_cast<std::size_t>(of.integer(bytes_column));
    if (const auto type = of.integer(type_column); !types_.name_of(type)) new_types.insert(type);
    if (const auto stream = of.integer(stream_column);
        streams == streams_of_page::several && !streams_.contains(stream))
      new_streams.insert(stream);
    if (of.null(data_column)) bodies.insert(of.integer(0));
  }
  of.go_back_to(first);
  each(find_type_names, new_types, [&](const rows& row) { types_.add(row.integer(0), row.text(1)); });
  each(find_stream_names, new_streams, [&](const rows& row) {
    if (auto name = stream_id::parse(std::string{row.text(1)})) streams_.emplace(row.integer(0), std::move(*name));
  });
  bodies_.clear();
  each(find_bodies, bodies, [&](const rows& row) {
    bodies_.emplace(row.integer(0), std::pair{std::string{row.text(1)}, std::string{row.text(2)}});
  });
  return count;
}

} // namespace skald::detail::postgres
