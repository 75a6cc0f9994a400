#pragma once

#include <skald/store/result.hpp>

#include <cstdint>
#include <string>

/// Not for users, and not installed.
namespace skald::detail {

/// Fails unless this skald knows the version of the schema.
void check_version(const auto& db, std::int64_t version, std::int64_t newest) {
  if (version > 0 && version <= newest) return;
  db.fail("identifying it",
          "it has version " + std::to_string(version) + " of the schema, this skald knows versions up to " +
            std::to_string(newest),
          version > newest ? "open it with a newer skald" : "restore it from a backup");
}

} // namespace skald::detail
