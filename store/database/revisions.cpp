#include <skald/store/database/revisions.hpp>

#include <algorithm>

namespace skald::detail {

std::string json_of(const std::vector<revision>& revisions) {
  std::string text = "[";
  for (const auto number : revisions) text += (text.size() > 1 ? "," : "") + std::to_string(number.value);
  return text + ']';
}

bool read_revisions(std::string_view text, std::vector<revision>& revisions) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto number = revision::parse(text.substr(0, comma));
    if (!number) return false;
    revisions.push_back(*number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

} // namespace skald::detail
