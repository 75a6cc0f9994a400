#include "money.hpp"
#include "table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fines {

namespace {

using row = std::array<std::string, 6>;

row row_of(std::string name, const year_of_fines& y) {
  return {std::move(name),  grouped(y.fines), grouped(y.settled),
          money(y.charged), money(y.paid),    money(y.charged - y.paid)};
}

} // namespace

std::string table_of(const std::vector<year_of_fines>& years) {
  std::vector<row> rows{{"Year", "Fines", "Settled", "Charged", "Paid", "Outstanding"}};
  year_of_fines sum;
  for (const auto& y : years) {
    rows.push_back(row_of(std::to_string(y.year), y));
    sum.fines += y.fines;
    sum.settled += y.settled;
    sum.charged += y.charged;
    sum.paid += y.paid;
  }
  rows.push_back(row_of("Total", sum));

  std::array<std::size_t, 6> widths{};
  std::size_t width = 0;
  for (std::size_t column = 0; column < widths.size(); ++column) {
    for (const auto& r : rows) widths[column] = std::max(widths[column], r[column].size());
    width += widths[column] + (column == 0 ? 0 : 3);
  }

  const auto line = [&](const row& r) {
    auto out = r[0] + std::string(widths[0] - r[0].size(), ' ');
    for (std::size_t column = 1; column < r.size(); ++column)
      out += std::string(3 + widths[column] - r[column].size(), ' ') + r[column];
    return out + '\n';
  };
  const auto rule = std::string(width, '-') + '\n';
  std::string out = line(rows.front()) + rule;
  for (std::size_t i = 1; i + 1 < rows.size(); ++i) out += line(rows[i]);
  return out + rule + line(rows.back());
}

} // namespace fines
