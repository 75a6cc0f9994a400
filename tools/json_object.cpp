#include "json_object.hpp"

#include <algorithm>

namespace tools {

namespace {

// More than any object has that means something to somebody: so that looking for repeated ones costs little.
constexpr std::size_t most_members = 32;

/// Walks over a text that is known to be JSON.
class walker {
public:
  explicit walker(std::string_view text) : text_{text} {}

  /// Steps over a bracket, a comma or a colon, which may have space in front, if it is `c`.
  bool take(char c) {
    skip_space();
    if (text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// The next value, or the name of a member, as it stands.
  std::string_view value() {
    skip_space();
    const auto begin = at_;
    std::size_t depth = 0;
    do {
      switch (text_[at_]) {
        case '"': skip_string(); break;
        case '{':
        case '[': ++depth, ++at_; break;
        case '}':
        case ']': --depth, ++at_; break;
        default:
          if (depth == 0)
            at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
          else
            at_ = text_.find_first_of("\"{}[]", at_);
      }
    } while (depth != 0);
    return text_.substr(begin, at_ - begin);
  }

private:
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size() - 1); }

  void skip_string() {
    for (++at_; text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

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

/// Precondition: it is one.
std::string string_in(std::string_view json) {
  if (json.find('\\') == std::string_view::npos) return std::string{json.substr(1, json.size() - 2)};
  return skald::from_json<std::string>(json).value();
}

} // namespace

json_value::json_value(std::string_view text, skald::detail::json_problems& problems)
  : text_{trimmed(text)}, problems_{&problems} {}

void json_value::read(std::string& out) const {
  if (text_.front() != '"') return expected("a string");
  out = string_in(text_);
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
  walker walk{text_};
  for (bool more = walk.take('[') && !walk.take(']'); more; more = walk.take(',')) all.push_back(walk.value());
  return all;
}

json_object::json_object(const json_value& value) : value_{value} {
  if (value.text().front() != '{') {
    complete_ = false;
    value.expected("an object");
    return;
  }
  walker walk{value.text()};
  for (bool more = walk.take('{') && !walk.take('}'); more; more = walk.take(',')) {
    if (members_.size() == most_members) {
      complete_ = false;
      value.refuse("has more than " + std::to_string(most_members) + " members");
      return;
    }
    auto name = string_in(walk.value());
    walk.take(':');
    const auto text = walk.value();
    if (std::ranges::find(members_, name, &member::name) != members_.end())
      refuse(name, "stands twice");
    else
      members_.push_back({std::move(name), text});
  }
}

std::optional<json_value> json_object::find(std::string_view name) {
  const auto found = std::ranges::find(members_, name, &member::name);
  if (found == members_.end()) return {};
  found->asked = true;
  return json_value{found->value, *value_.problems_, value_.path_.member(name)};
}

std::optional<json_value> json_object::at(std::string_view name) {
  auto found = find(name);
  if (!found && complete_) refuse(name, "missing");
  return found;
}

void json_object::refuse(std::string_view name, std::string_view why) const {
  value_.problems_->add(value_.path_.member(name), why);
}

void json_object::end() const {
  if (!complete_) return;
  for (const auto& m : members_)
    if (!m.asked) refuse(m.name, "unknown");
}

} // namespace tools
