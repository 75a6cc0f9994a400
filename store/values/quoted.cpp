#include <skald/store/quoted.hpp>

#include <skald/store/values/utf8.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace skald::detail {

namespace {

constexpr std::size_t most_bytes = 128;

/// The first code point of well-formed text, and its number of bytes.
std::pair<std::uint32_t, std::size_t> first_of(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::size_t length = at(0) < 0x80 ? 1 : at(0) < 0xe0 ? 2 : at(0) < 0xf0 ? 3 : 4;
  std::uint32_t code = length == 1 ? at(0) : at(0) & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (at(i) & 0x3f);
  return {code, length};
}

bool harmless(std::uint32_t code) {
  constexpr std::pair<std::uint32_t, std::uint32_t> others[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     // controls
    {0x200b, 0x200f}, {0x2028, 0x202e}, // characters without a width; ends of lines, changes of direction
    {0x2060, 0x206f}, {0xfeff, 0xfeff},
  };
  return std::ranges::none_of(others,
                              [code](const auto& range) { return code >= range.first && code <= range.second; });
}

std::string escaped(const char* format, std::uint32_t code) {
  char text[16];
  std::snprintf(text, sizeof text, format, static_cast<unsigned>(code));
  return text;
}

} // namespace

std::string in_quotes(std::string_view text, char mark) {
  std::string out{mark};
  auto rest = text.substr(0, most_bytes);
  if (rest.size() < text.size()) // cut before a code point, not in it
    while (!rest.empty() && (static_cast<std::uint8_t>(text[rest.size()]) & 0xc0) == 0x80 &&
           most_bytes - rest.size() < 4)
      rest.remove_suffix(1);
  const bool cut = rest.size() < text.size();
  while (!rest.empty()) {
    if (find_ill_formed_utf8(rest) == 0) {
      out += escaped("\\x%02x", static_cast<std::uint8_t>(rest.front()));
      rest.remove_prefix(1);
      continue;
    }
    const auto [code, length] = first_of(rest);
    if (code == '\n')
      out += "\\n";
    else if (code == '\\' || code == static_cast<std::uint8_t>(mark))
      (out += '\\') += static_cast<char>(code);
    else if (harmless(code))
      out += rest.substr(0, length);
    else
      out += escaped("\\u%04x", code);
    rest.remove_prefix(length);
  }
  return (out += cut ? "..." : "") += mark;
}

std::string on_one_line(std::string_view lines) {
  constexpr std::string_view blank{" \t\r"};
  std::string out;
  while (!lines.empty()) {
    auto line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
    line = line.substr(0, line.find_last_not_of(blank) + 1);
    if (!line.empty()) (out += out.empty() ? "" : "; ") += line;
  }
  std::ranges::replace(out, '\t', ' ');
  return out;
}

} // namespace skald::detail
