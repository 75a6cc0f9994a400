#pragma once

#include "events.hpp"

#include <string>
#include <string_view>

namespace fines {

/// A whole number as people write it: `1,234`.
[[nodiscard]] inline std::string grouped(std::int64_t number) {
  auto text = std::to_string(number);
  const std::size_t sign = number < 0 ? 1 : 0;
  for (auto i = text.size(); i > sign + 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

/// An amount of money as people write it: `1,234.50`.
[[nodiscard]] inline std::string money(cents amount) {
  const auto rest = amount % 100;
  const std::string_view sign = amount < 0 && amount / 100 == 0 ? "-" : "";
  const auto fraction = std::to_string(rest < 0 ? -rest : rest);
  return std::string{sign} + grouped(amount / 100) + (fraction.size() < 2 ? ".0" : ".") + fraction;
}

} // namespace fines
