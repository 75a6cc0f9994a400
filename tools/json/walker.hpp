#pragma once

#include <skald/store/result.hpp>

#include <cstddef>
#include <string_view>

namespace tools {

/// Walks over the members of an object: what is between the brackets of their values is only stepped over. Throws where
/// what it steps over cannot be JSON; it knows little of it.
///
/// A `json_object` would need the whole line checked before: data would be parsed once more than the store does, and
/// could not nest as deep as there.
class json_walker {
public:
  explicit json_walker(std::string_view text) : text_{text} {}

  /// Steps over `c`, which may have space in front. False where something else stands there.
  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// The next string, with its quotes.
  std::string_view string() {
    skip_space();
    const auto begin = at_;
    if (at_ == text_.size() || text_[at_] != '"') refuse();
    skip_string();
    return text_.substr(begin, at_ - begin);
  }

  /// The next value as it stands.
  std::string_view value() {
    skip_space();
    const auto begin = at_;
    for (std::size_t depth = 0;;) {
      if (at_ == text_.size()) refuse();
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth, ++at_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) refuse();
        --depth, ++at_;
      } else if (depth == 0) {
        skip_until([](char next) { return next == ',' || next == ']' || next == '}' || is_space(next); });
      } else {
        ++at_;
      }
      if (depth == 0) return text_.substr(begin, at_ - begin);
    }
  }

  [[nodiscard]] bool ended() {
    skip_space();
    return at_ == text_.size();
  }

private:
  [[noreturn]] static void refuse() { throw skald::failure{skald::errc::invalid_argument, "this is no JSON"}; }

  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  template <class Stop>
  void skip_until(Stop stop) {
    while (at_ < text_.size() && !stop(text_[at_])) ++at_;
  }

  void skip_space() {
    skip_until([](char c) { return !is_space(c); });
  }

  void skip_string() {
    for (++at_;; at_ += 2) {
      skip_until([](char c) { return c == '"' || c == '\\'; });
      if (at_ >= text_.size()) refuse();
      if (text_[at_] == '"') break;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

} // namespace tools
