#pragma once

#include <skald/store/record.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace skald {

/// The kind of a handler decides which deliveries it gets; see `hears`.
enum class handler_kind : std::uint8_t { once, on, all };

/// How a record reaches a handler. Each delivery is a message type; see `actors/interfaces.hpp`.
enum class delivery : std::uint8_t { fresh, hydrated, outdated };

/// True if a handler of this kind gets this delivery:
///
/// |        | fresh | hydrated | outdated |
/// |--------|-------|----------|----------|
/// | `once` | yes   | -        | -        |
/// | `on`   | yes   | yes      | -        |
/// | `all`  | yes   | yes      | yes      |
[[nodiscard]] constexpr bool hears(handler_kind kind, delivery how) noexcept {
  switch (kind) {
    case handler_kind::once: return how == delivery::fresh;
    case handler_kind::on: return how != delivery::outdated;
    case handler_kind::all: return true;
  }
  return false;
}

/// How a projection delivers a record. None for a silent record, which is not delivered.
///
/// Outdated wins over hydrated. A record at or below `fresh_from` is history or replayed. It arrives as hydrated, even
/// if it is silent.
[[nodiscard]] constexpr std::optional<delivery> delivery_of(bool hydrated, bool outdated, bool silent, position at,
                                                            position fresh_from) noexcept {
  if (outdated) return delivery::outdated;
  if (at <= fresh_from) return delivery::hydrated;
  if (silent) return std::nullopt;
  return hydrated ? delivery::hydrated : delivery::fresh;
}

[[nodiscard]] inline std::optional<delivery> delivery_of(const record& r, position fresh_from) noexcept {
  return delivery_of(r.hydrated, r.outdated, r.silent, r.position, fresh_from);
}

[[nodiscard]] constexpr std::string_view to_string(handler_kind kind) noexcept {
  switch (kind) {
    case handler_kind::once: return "once";
    case handler_kind::on: return "on";
    case handler_kind::all: return "all";
  }
  return "";
}

[[nodiscard]] constexpr std::string_view to_string(delivery how) noexcept {
  switch (how) {
    case delivery::fresh: return "fresh";
    case delivery::hydrated: return "hydrated";
    case delivery::outdated: return "outdated";
  }
  return "";
}

} // namespace skald
