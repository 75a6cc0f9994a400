#pragma once

#include <skald/store/timestamp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace skald {

class catalog;

/// The faults that an acknowledged append survives.
enum class durability : std::uint8_t {
  /// A loss of power. Each group of appends waits until the disk has it.
  full,
  /// A crash of the process. Appends do not wait for the disk. A crash of the machine may lose the newest acknowledged
  /// appends, never one before an append that is kept.
  relaxed,
};

/// The default of `store_options::max_drift`.
inline constexpr std::chrono::milliseconds default_max_drift = std::chrono::minutes{1};

/// How a store is opened. The defaults are right for most services.
struct store_options {
  /// The event types that may be appended, the form of their data, their validators and the relations that follow from
  /// them. Without a catalog, the store accepts every type and every JSON text. Of typed events (`new_event::typed`) it
  /// checks only the type and the schema version.
  std::shared_ptr<const skald::catalog> catalog;
  /// The time of day. Tests pass their own clock.
  wall_clock wall = system_wall_clock;
  /// How far a given `created` may lie ahead of the wall clock. Beyond, the answer is `clock_drift`.
  std::chrono::milliseconds max_drift = default_max_drift;
  /// The durability of appends. A memory store ignores it.
  skald::durability durability = skald::durability::full;
  /// Whether to create a store that does not exist. If not, opening it is `open_failed`.
  bool create = true;
  /// How long the store keeps the receipt of a command, at least, by its own clock. Each new receipt deletes the two
  /// oldest ones beyond that age.
  std::chrono::milliseconds command_retention = std::chrono::hours{24 * 7};
  /// Whether reads compare each record with its checksum, and indexes with what they should find. A difference is
  /// `corrupt`. `docs/reference/storage_format.md` lists the damage that reads notice, and the cost.
  bool verify_reads = false;
};

} // namespace skald
