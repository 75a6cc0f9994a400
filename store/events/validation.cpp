#include <skald/store/validation.hpp>

#include <skald/store/event_store.hpp>

#include <algorithm>

namespace skald {

result<page> validation::read(const stream_query& query) {
  if (const auto now = revision_of(query.stream()); !now) return now.error(); // before: what comes between is noticed
  return store_.read(query);
}

result<revision> validation::revision_of(const stream_id& stream) {
  if (auto ok = before_reading_(stream); !ok) return ok.error();
  const auto now = store_.revision_of(stream);
  if (!now) return now;
  const auto known = std::ranges::any_of(seen_, [&](const stream_append& seen) { return seen.stream == stream; });
  if (!known) seen_.emplace_back(stream, expected_revision::exactly(*now));
  return now;
}

} // namespace skald
