#pragma once

#include <skald/store/record.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace skald {

/// How often, and for which events, a handler runs.
enum class handler_kind : std::uint8_t { once, on, all };

/// How a record reaches a handler. Each is a message type of its own; see `actors/interfaces.hpp`.
enum class delivery : std::uint8_t { fresh, hydrated, outdated };

/// The table that decides who hears of what:
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

/// How a projection that is fresh from behind `fresh_from` delivers a record; none for a silent one.
///
/// Outdated wins over hydrated. What lies at or below `fresh_from` is history or replayed, and arrives as hydrated,
/// silent or not.
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
