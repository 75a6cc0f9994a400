#include <skald/store/database/stored_record.hpp>

#include <skald/store/values/flags.hpp>

#include <string>
#include <utility>

namespace skald::detail {

const char* restore(record& r, const stored_numbers& from, std::optional<std::string_view> batch) {
  r.position = position{static_cast<std::uint64_t>(from.position)};
  r.revision = revision{static_cast<std::uint64_t>(from.revision)};
  r.schema_version = static_cast<std::uint32_t>(from.schema_version);
  r.created = timestamp{static_cast<std::uint64_t>(from.created)};
  r.recorded = timestamp{static_cast<std::uint64_t>(from.recorded)};
  const auto flags = static_cast<std::uint64_t>(from.flags);
  r.hydrated = (flags & flag::hydrated) != 0;
  r.outdated = (flags & flag::outdated) != 0;
  r.silent = (flags & flag::silent) != 0;
  auto key = batch ? batch_key::parse(std::string{*batch}) : batch_key{};
  if (key) r.batch = std::move(*key);
  if (from.position < 1) return "has an impossible position";
  if (from.revision < 1) return "has an impossible revision";
  if (from.schema_version != r.schema_version) return "has an impossible schema version";
  if (from.created < 0) return "has an impossible time of creation";
  if (from.recorded < 0) return "has an impossible time of recording";
  if ((flags & ~flag::all) != 0) return "has unknown flags";
  return key ? nullptr : "has an impossible batch key";
}

} // namespace skald::detail
