#include <skald/store/read/snapshots.hpp>

#include <skald/store/ids.hpp>

#include <utility>

namespace skald::detail {

std::string checksum_of(const snapshot& s) {
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  return derive_event_id({s.key.reducer(), s.key.stream() ? "stream" : "relation", s.key.name(), s.fingerprint,
                          number(s.cursor.created.ticks()), s.cursor.id.str(), number(s.records),
                          number(s.relation_revision.value), s.state})
    .str();
}

stored_snapshot judge(snapshot s, const snapshot_basis& now) {
  const bool holds = s.relation_revision == now.relation_revision && now.records - now.after == s.records;
  return {std::move(s), holds};
}

} // namespace skald::detail
