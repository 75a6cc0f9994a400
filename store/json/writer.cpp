#include <skald/store/json/number.hpp>
#include <skald/store/json_text.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/values/utf8.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace skald::detail {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out += text.substr(written, i - written);
    written = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: {
        char code[8];
        std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
        out += code;
      }
    }
  }
  out += text.substr(written);
}

} // namespace

void json_writer::write(std::int64_t number) {
  char text[64];
  text_ += print(text, number);
}

void json_writer::write(std::uint64_t number) {
  char text[64];
  text_ += print(text, number);
}

void json_writer::write(double number, const json_path& at) {
  if (!std::isfinite(number)) return problems_.add(at, "a number that is not finite has no form in JSON");
  char text[64];
  text_ += print(text, number);
  if (number == 0 && std::signbit(number)) text_ += ".0"; // -0 would read back as the integer 0
}

void json_writer::write(float number, const json_path& at) {
  char text[64];
  const auto shortest = print(text, number);
  double read_back = 0;
  std::from_chars(shortest.data(), shortest.data() + shortest.size(), read_back);
  // Readers parse doubles. For a few floats, such as 7.038531e-26, the shortest text then rounds to a neighbour.
  if (number == 0 || !std::isfinite(number) || static_cast<float>(read_back) != number)
    return write(static_cast<double>(number), at);
  text_ += shortest;
}

void json_writer::write(std::string_view text, const json_path& at) {
  if (const auto bad = find_ill_formed_utf8(text); bad != std::string_view::npos)
    return problems_.add(at, "not UTF-8 at byte " + std::to_string(bad));
  text_ += '"';
  append_escaped(text_, text);
  text_ += '"';
}

bool json_writer::open(char bracket, const json_path& at) {
  text_ += bracket;
  if (at.depth < limits::json_depth) return true;
  problems_.add(at, "more than " + std::to_string(limits::json_depth) + " levels deep");
  return false;
}

void json_writer::key(std::string_view name, bool first) {
  text_ += first ? "\"" : ",\"";
  text_ += name;
  text_ += "\":";
}

void json_writer::no_enumerator(std::int64_t number, const json_path& at) {
  problems_.add(at, std::to_string(number) + " is no enumerator");
}

result<std::string> json_writer::finish() && {
  if (!problems_.empty()) return problems_.to_error();
  return std::move(text_);
}

} // namespace skald::detail
