#include "json_pieces.hpp"
#include <skald/store/quoted.hpp>
#include <skald/store/result.hpp>

#include <algorithm>

namespace tools {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw skald::failure{skald::errc::invalid_argument, why}; }

/// Looks for the end of an object, line by line.
class bracket_counter {
public:
  /// How much of the text belongs to the object.
  std::size_t take(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
      if (in_string_) {
        at = text.find_first_of("\"\\", at);
        if (at == std::string_view::npos) return text.size();
        if (text[at] == '\\') {
          at += 2;
          continue;
        }
        in_string_ = false;
      } else {
        at = text.find_first_of("\"{}[]", at);
        if (at == std::string_view::npos) return text.size();
        if (text[at] == '"') in_string_ = true;
        if (text[at] == '{' || text[at] == '[') ++depth_;
        if (text[at] == '}' || text[at] == ']') --depth_;
      }
      ++at;
      if (depth_ == 0) return at;
    }
    return text.size();
  }
  bool ended() const { return depth_ == 0; }
  bool in_string() const { return in_string_; }

private:
  std::size_t depth_ = 0;
  bool in_string_ = false;
};

} // namespace

std::optional<std::string_view> json_pieces::next() {
  for (;;) {
    skip_space();
    if (rest_.empty()) {
      if (read_line()) continue;
      if (!in_array_) return {};
      in_array_ = false;
      line_ = array_line_;
      refuse("the array that begins here does not end: the log is cut off");
    }
    line_ = number_;
    const char first = rest_.front();
    if (first == '{' && !(in_array_ && after_element_)) return object();
    if (first == '[' && !in_array_) {
      in_array_ = true;
      after_element_ = false;
      array_line_ = number_;
    } else if (first == ',' && in_array_ && after_element_) {
      after_element_ = false;
    } else if (first == ']' && in_array_) {
      in_array_ = false;
    } else {
      refuse_line("expected an object or an array of objects, found " + skald::detail::in_quotes(rest_.substr(0, 40)));
    }
    rest_.remove_prefix(1);
  }
}

std::string_view json_pieces::object() {
  bracket_counter brackets;
  piece_.clear();
  auto size = brackets.take(rest_);
  while (!brackets.ended()) {
    if (brackets.in_string()) refuse_line("this is no JSON: a string does not end in its line");
    piece_.append(rest_) += ' ';
    if (piece_.size() > line_reader::most_line_bytes) refuse_line("the object is longer than any event may be");
    if (!read_line()) refuse("this is no JSON: the object does not end before the log does");
    if (rest_.starts_with('{'))
      refuse("this is no JSON: the object does not end before the next one begins, in line " + std::to_string(number_) +
             "; if one is part of the other, write each event on a line of its own (jq -c)");
    skip_space(); // an indentation
    size = brackets.take(rest_);
  }
  auto object = rest_.substr(0, size);
  rest_.remove_prefix(size);
  skip_space();
  const bool is_alone = rest_.empty() || (in_array_ && (rest_.front() == ',' || rest_.front() == ']'));
  if (!is_alone)
    refuse_line("this is no JSON: there is more after the object: " + skald::detail::in_quotes(rest_.substr(0, 40)));
  after_element_ = true;
  if (piece_.empty()) return object;
  return piece_.append(object);
}

bool json_pieces::read_line() {
  rest_ = {};
  const auto line = lines_.next();
  if (!line) return false;
  number_ = line->number;
  if (line->too_long) {
    line_ = number_;
    refuse("the line is longer than any event may be: write each event on a line of its own (jq -c)");
  }
  rest_ = line->text;
  return true;
}

void json_pieces::skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r"), rest_.size())); }

void json_pieces::refuse_line(const std::string& why) {
  rest_ = {};
  refuse(why);
}

} // namespace tools
