#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace skald::detail {

/// The offset of the first sequence in `text` that is not UTF-8, or `npos`.
///
/// Source: The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
inline std::size_t find_ill_formed_utf8(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    if (text.size() - i >= 8) { // mostly ASCII: eight bytes at a time
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, text.data() + i, sizeof bytes);
      if ((bytes & 0x8080808080808080) == 0) {
        i += 8;
        continue;
      }
    }
    const auto lead = at(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead < 0xc2 || lead > 0xf4) return i;
    const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (text.size() - i < length) return i;
    const auto lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;  // else it is longer than needed
    const auto highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf; // else it is a surrogate, or beyond U+10FFFF
    if (at(i + 1) < lowest || at(i + 1) > highest) return i;
    for (std::size_t k = 2; k < length; ++k)
      if ((at(i + k) & 0xc0) != 0x80) return i;
    i += length;
  }
  return std::string_view::npos;
}

} // namespace skald::detail
