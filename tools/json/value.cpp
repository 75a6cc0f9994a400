#include "checked_walker.hpp"
#include "value.hpp"
#include <skald/store/quoted.hpp>

namespace tools {

namespace {

std::string_view kind_of(std::string_view json) {
  switch (json.front()) {
    case '{': return "an object";
    case '[': return "an array";
    case '"': return "a string";
    case 't':
    case 'f': return "a boolean";
    case 'n': return "null";
    default: return "a number";
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  text.remove_prefix(text.find_first_not_of(space));
  return text.substr(0, text.find_last_not_of(space) + 1);
}

} // namespace

std::string json_string_in(std::string_view json) {
  if (json.find('\\') == std::string_view::npos) return std::string{json.substr(1, json.size() - 2)};
  return skald::from_json<std::string>(json).value();
}

json_value::json_value(std::string_view text, skald::detail::json_problems& problems)
  : text_{trimmed(text)}, problems_{&problems} {}

void json_value::read(std::string& out) const {
  if (text_.front() != '"') return expected("a string");
  out = json_string_in(text_);
}

void json_value::refuse_word(const std::string& words, const std::string& word) const {
  if (text_.front() == '"') refuse("expected " + words + ", found " + skald::detail::in_quotes(word));
}

void json_value::expected(std::string_view what) const {
  refuse("expected " + std::string{what} + ", found " + std::string{kind_of(text_)});
}

void json_value::expected_integer(std::uint64_t most) const {
  constexpr std::size_t shown = 40;
  const auto what = "an integer from 0 to " + std::to_string(most);
  if (kind_of(text_) != "a number") return expected(what);
  refuse("expected " + what + ", found " + std::string{text_.substr(0, shown)} + (text_.size() > shown ? "..." : ""));
}

std::vector<std::string_view> json_value::elements() const {
  std::vector<std::string_view> all;
  checked_walker walk{text_};
  for (bool more = walk.take('[') && !walk.take(']'); more; more = walk.take(',')) all.push_back(walk.value());
  return all;
}

} // namespace tools
