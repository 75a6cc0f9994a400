#include <skald/store/backend.hpp>

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

error unknown_projection(std::string_view name) {
  return {errc::invalid_argument, "projection '" + std::string{name} + "' is not registered: register it first"};
}

} // namespace skald::detail
