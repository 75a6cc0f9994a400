#include "text.hpp"
#include <skald/store/json.hpp>
#include <skald/store/open_store.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace tools {

namespace {

constexpr std::int64_t second = 1000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = histogram::day;
/// Each divides the next. The last one holds all of time in its bars.
constexpr auto widths = std::to_array<std::int64_t>(
  {1,           5,           10,         50,         100,         500,         second,   5 * second,
   10 * second, 30 * second, minute,     5 * minute, 10 * minute, 30 * minute, hour,     2 * hour,
   6 * hour,    12 * hour,   day,        5 * day,    15 * day,    30 * day,    90 * day, 180 * day,
   360 * day,   1080 * day,  3240 * day, 9720 * day, 97'200 * day});

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

bool moves_the_cursor(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
  // Controls, what has no width, ends of lines, turns of direction: as UTF-8, whose order is that of the code points.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> ranges{
    {{"\u0080", "\u009f"}, {"\u200b", "\u200f"}, {"\u2028", "\u202e"}, {"\u2060", "\u206f"}, {"\ufeff", "\ufeff"}}};
  return std::ranges::any_of(ranges, [&](const auto& range) {
    return character.size() == range.first.size() && range.first <= character && character <= range.second;
  });
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

} // namespace

std::string quoting::operator()(std::string_view text) const { return skald::to_json(std::string{text}).value(); }

std::string grouped(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = text.size(); at > 3; text.insert(at, 1, ',')) at -= 3;
  return text;
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  auto text = grouped(number) + ' ';
  text += number == 1 || many.empty() ? one : many;
  return number != 1 && many.empty() ? text + 's' : text;
}

std::size_t width_of(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues));
}

std::string printable(std::string_view text, std::size_t width) {
  std::string out;
  for (std::size_t characters = 0; !text.empty(); ++characters) {
    std::size_t length = 1;
    while (length < text.size() && continues(text[length])) ++length;
    const auto character = text.substr(0, length);
    if (characters + 1 == width && length < text.size()) return out + "\u2026";
    out += moves_the_cursor(character) ? "\ufffd" : character;
    text.remove_prefix(length);
  }
  return out;
}

growing_table::growing_table(std::vector<std::string> headings) : headings_{std::move(headings)} {
  for (auto& heading : headings_) {
    right_.push_back(heading.starts_with('>'));
    heading.erase(0, right_.back() ? 1 : 0);
    width_.push_back(width_of(heading));
  }
}

std::string growing_table::next(const std::vector<std::vector<std::string>>& rows) {
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) width_[i] = std::max(width_[i], width_of(row[i]));
  std::string out;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(width_[i] - width_of(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right_[i] ? space + row[i] : row[i] + space);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  };
  if (!headings_.empty()) add(std::exchange(headings_, {}));
  for (const auto& row : rows) add(row);
  return out;
}

std::string table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows) {
  return growing_table{headings}.next(rows);
}

std::string members_of(const named_numbers& numbers) {
  std::string members;
  for (const auto& [name, number] : numbers)
    members += (members.empty() ? "" : ",") + quoted(name) + ':' + std::to_string(number);
  return members;
}

std::string table_of(const std::string& title, const named_numbers& numbers) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, number] : numbers) rows.push_back({name, grouped(number)});
  return table({title, ">"}, rows);
}

std::string progress_text(std::string_view what, std::uint64_t units, double part, std::chrono::duration<double> taken,
                          std::string_view unit) {
  constexpr std::size_t length = 20;
  auto text = std::string{what} + ' ' + counted(units, unit);
  if (part > 0) {
    const auto full = static_cast<std::size_t>(std::min(part, 1.0) * length);
    text += ", " + std::to_string(static_cast<int>(std::min(part, 1.0) * 100)) + " % [" + std::string(full, '=') +
            std::string(length - full, ' ') + ']';
  }
  if (taken.count() < 1) return text;
  text += ", " + grouped(static_cast<std::uint64_t>(static_cast<double>(units) / taken.count())) + " a second";
  if (part > 0 && part < 1) text += ", " + duration_text(taken.count() / part * (1 - part)) + " left";
  return text;
}

void histogram::add(std::int64_t milliseconds) {
  ++counts_[milliseconds / widths[width_]];
  const auto spans = [&] { return counts_.rbegin()->first - counts_.begin()->first; };
  while (spans() >= static_cast<std::int64_t>(most_bars)) widen();
}

void histogram::widen() {
  const auto factor = widths[width_ + 1] / widths[width_];
  ++width_;
  std::map<std::int64_t, std::uint64_t> wider;
  for (const auto& [index, count] : counts_) wider[index / factor] += count;
  counts_ = std::move(wider);
}

std::int64_t histogram::width() const noexcept { return widths[width_]; }

std::vector<histogram::bar> histogram::bars() const {
  std::vector<bar> all;
  if (counts_.empty()) return all;
  for (auto index = counts_.begin()->first; index <= counts_.rbegin()->first; ++index) {
    const auto found = counts_.find(index);
    all.push_back({index * widths[width_], found == counts_.end() ? 0 : found->second});
  }
  return all;
}

std::string without_passwords(std::string_view message) {
  std::string shown;
  for (std::size_t begin = 0; begin != message.size();) { // one after the other: a URL is taken to reach to the end
    const auto end = std::min(message.find("://", begin + 1), message.size());
    shown += skald::without_password(message.substr(begin, end - begin));
    begin = end;
  }
  return shown;
}

} // namespace tools
