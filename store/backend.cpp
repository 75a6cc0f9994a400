#include <skald/store/backend.hpp>

#include <skald/store/json.hpp>

#include <string>

namespace skald::detail {

namespace {

namespace flag { // stored and part of checksums: append only
constexpr std::uint64_t hydrated = 1;
constexpr std::uint64_t outdated = 2;
constexpr std::uint64_t silent = 4;
constexpr std::uint64_t all = hydrated | outdated | silent;
} // namespace flag

} // namespace

std::uint64_t flags_of(const record& r) noexcept {
  return (r.hydrated ? flag::hydrated : 0) | (r.outdated ? flag::outdated : 0) | (r.silent ? flag::silent : 0);
}

bool set_flags(record& r, std::uint64_t flags) noexcept {
  r.hydrated = (flags & flag::hydrated) != 0;
  r.outdated = (flags & flag::outdated) != 0;
  r.silent = (flags & flag::silent) != 0;
  return (flags & ~flag::all) == 0;
}

result<void> check_readable(const stream_id& stream) {
  if (stream.empty()) return error{errc::invalid_argument, "the stream to read has no name: name it"};
  return {};
}

result<void> check_readable(const relation_key& key) {
  if (key.empty()) return error{errc::invalid_argument, "the relation to read has no key: name it"};
  return {};
}

result<void> check_readable(const streams_query& query) {
  for (const auto& stream : query.streams())
    if (auto ok = check_readable(stream); !ok) return ok;
  for (const auto& key : query.keys())
    if (auto ok = check_readable(key); !ok) return ok;
  return {};
}

result<void> check_projection(std::string_view name, position stored) {
  if (name.empty() || name.size() > limits::projection_name_bytes)
    return error{errc::invalid_argument, "the name of a projection has 1 to " +
                                           std::to_string(limits::projection_name_bytes) + " bytes, this one has " +
                                           std::to_string(name.size())};
  if (name.find('\0') != std::string_view::npos)
    return error{errc::invalid_argument, "the name of a projection holds a NUL: choose another one"};
  if (stored > last_position)
    return error{errc::invalid_argument, "projection '" + std::string{name} + "': position " +
                                           std::to_string(stored.value) + " is beyond what a store can hold"};
  return {};
}

result<void> check_update(const checkpoint_update& update) {
  auto ok = check_projection(update.projection, update.handled);
  for (const auto& done : update.completions)
    if (ok) ok = check_projection(update.projection, done.position);
  return ok;
}

result<void> check_key(const snapshot_key& key) {
  if (auto problem = problem_of_name("the name of a reducer", key.reducer())) return std::move(*problem);
  if (key.name().empty())
    return error{errc::invalid_argument,
                 "a snapshot of reducer '" + key.reducer() + "' does not say of which stream or relation: name it"};
  return {};
}

result<void> check_snapshot(const snapshot& s) {
  if (auto ok = check_key(s.key); !ok) return ok;
  const auto refused = [&](const std::string& why) {
    return error{errc::invalid_argument,
                 "the snapshot of '" + s.key.name() + "' by reducer '" + s.key.reducer() + "' " + why};
  };
  if (s.fingerprint.empty() || s.fingerprint.size() > limits::name_bytes)
    return refused("has a fingerprint of " + std::to_string(s.fingerprint.size()) + " bytes: give it 1 to " +
                   std::to_string(limits::name_bytes));
  if (s.records == 0 || s.cursor.id.nil()) return refused("does not say which records were folded: name the last one");
  if (s.records > last_position.value) return refused("counts more records than a store can hold");
  if (s.state.size() > limits::snapshot_bytes)
    return refused("has a state of " + std::to_string(s.state.size()) + " bytes, at most " +
                   std::to_string(limits::snapshot_bytes) + " are stored: fold from the beginning");
  if (auto valid = check_json(s.state); !valid) return refused("has a state that is no JSON: " + valid.error().message);
  return {};
}

std::string checksum_of(const snapshot& s) {
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  return derive_event_id({s.key.reducer(), s.key.stream() ? "stream" : "relation", s.key.name(), s.fingerprint,
                          number(s.cursor.created.ticks()), s.cursor.id.str(), number(s.records),
                          number(s.relation_revision.value), s.state})
    .str();
}

stored_snapshot judge(snapshot s, const snapshot_basis& now) {
  const bool holds =
    now.intact && s.relation_revision == now.relation_revision && now.records - now.behind == s.records;
  return {std::move(s), holds};
}

error unknown_projection(std::string_view name) {
  return {errc::invalid_argument, "projection '" + std::string{name} + "' is not registered: register it first"};
}

} // namespace skald::detail
