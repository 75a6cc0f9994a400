#include <skald/store/log_ids.hpp>

#include <string>

namespace skald {

event_id log_ids::next(timestamp created, const stream_id& stream, std::string_view type, std::string_view data) {
  auto time = created.str();
  if (created.counter() > 1)
    time += '+' + std::to_string(created.counter()); // in the first millisecond of 1970, 1 means none
  const auto id_of = [&](std::size_t ordinal) {
    return derive_event_id({time, stream.str(), std::to_string(ordinal), type, data});
  };
  const auto first = id_of(1);
  const auto ordinal = ++seen_[first];
  return ordinal == 1 ? first : id_of(ordinal);
}

} // namespace skald
