#include "string.hpp"
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

json_value::json_value(std::string_view text, skald::detail::json_problems& problems)
  : text_{trimmed(text)}, problems_{&problems} {}

void json_value::read(std::string& out) const {
  if (text_.front() != '"') return expected("a string");
  out = json_string_in(text_);
}

void json_value::read(bool& out) const {
  if (text_ != "true" && text_ != "false") return expected("a boolean");
  out = text_ == "true";
}

void json_value::refuse_word(const std::string& words, const std::string& word) const {
  if (text_.front() == '"') refuse("expected " + words + ", found " + skald::detail::in_quotes(word));
}

void json_value::expected(std::string_view what) const {
  refuse("expected " + std::string{what} + ", found " + std::string{kind_of(text_)});
}

bool json_value::is_number() const { return kind_of(text_) == "a number"; }

void json_value::expected_integer(std::uint64_t most) const {
  constexpr std::size_t shown = 40;
  const auto what = "an integer from 0 to " + std::to_string(most);
  if (!is_number()) return expected(what);
  refuse("expected " + what + ", found " + std::string{text_.substr(0, shown)} + (text_.size() > shown ? "..." : ""));
}

std::size_t json_value::elements() const {
  std::size_t count = 0;
  if (text_.front() == '[')
    for (checked_walker walk{text_}; walk.next('['); ++count) (void)walk.value();
  return count;
}

} // namespace tools
