#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace skald::test {

/// Empty where there is no such file.
inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream{file, std::ios::binary} << content;
}

} // namespace skald::test
