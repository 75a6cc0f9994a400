#include "string.hpp"

#include <charconv>
#include <cstdint>

namespace tools {

namespace {

/// Takes the four digits of `\uXXXX`.
std::uint32_t take_unit(std::string_view& text) {
  std::uint32_t unit = 0;
  std::from_chars(text.data(), text.data() + 4, unit, 16);
  text.remove_prefix(4);
  return unit;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto rest = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    rest(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    rest(6), rest(0);
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    rest(12), rest(6), rest(0);
  }
}

/// Takes an escape, without its backslash.
void take_escape(std::string_view& text, std::string& out) {
  const char letter = text.front();
  text.remove_prefix(1);
  switch (letter) {
    case 'b': out += '\b'; break;
    case 'f': out += '\f'; break;
    case 'n': out += '\n'; break;
    case 'r': out += '\r'; break;
    case 't': out += '\t'; break;
    case 'u': {
      auto code = take_unit(text);
      if (code >= 0xd800 && code < 0xdc00) { // the first half of a surrogate pair
        text.remove_prefix(2);
        code = 0x10000 + ((code - 0xd800) << 10) + (take_unit(text) - 0xdc00);
      }
      append_utf8(out, code);
      break;
    }
    default: out += letter;
  }
}

} // namespace

std::string json_string_in(std::string_view json) {
  auto text = json.substr(1, json.size() - 2);
  std::string out;
  out.reserve(text.size());
  while (true) {
    const auto plain = text.substr(0, text.find('\\'));
    out += plain;
    if (plain.size() == text.size()) return out;
    text.remove_prefix(plain.size() + 1);
    take_escape(text, out);
  }
}

} // namespace tools
