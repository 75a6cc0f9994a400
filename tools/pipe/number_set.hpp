#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace tools {

/// Numbers that were used before. Memory stays small while they follow each other.
class number_set {
public:
  /// False where it is there already.
  bool insert(std::uint64_t number);

  [[nodiscard]] std::size_t ranges() const noexcept { return ranges_.size(); }

private:
  std::map<std::uint64_t, std::uint64_t> ranges_; ///< from the first number to the last
};

} // namespace tools
