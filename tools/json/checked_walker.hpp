#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tools {

/// Walks over a text that is known to be JSON.
class checked_walker {
public:
  explicit checked_walker(std::string_view text) : text_{text} {}

  /// Steps over what stands in front of an element or a member: `open`, the bracket, in front of the first one, then
  /// commas. False at the end.
  bool next(char open) { return at_ == 0 ? take(open) && !take(open == '[' ? ']' : '}') : take(','); }

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

} // namespace tools
