#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

/// Not for users, and not installed.
namespace skald::detail {

/// A session's cache of event types, by name and by key. It never goes stale: a committed type does not change.
class known_types {
public:
  [[nodiscard]] std::optional<std::int64_t> key_of(std::string_view name) const {
    const auto known = keys_.find(name);
    return known == keys_.end() ? std::nullopt : std::optional{known->second};
  }

  /// The name, or null if the key is not known. Valid until `trim` or `clear`.
  [[nodiscard]] const std::string* name_of(std::int64_t key) const {
    const auto known = names_.find(key);
    return known == names_.end() ? nullptr : &known->second;
  }

  void add(std::int64_t key, std::string_view name) {
    keys_.emplace(name, key);
    names_.emplace(key, name);
  }

  /// Forgets all types if there are too many.
  void trim() noexcept {
    if (names_.size() >= most) clear();
  }

  void clear() noexcept {
    keys_.clear();
    names_.clear();
  }

  static constexpr std::size_t most = 4096;

private:
  std::map<std::string, std::int64_t, std::less<>> keys_;
  std::unordered_map<std::int64_t, std::string> names_;
};

} // namespace skald::detail
