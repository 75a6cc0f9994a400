#pragma once

#include "value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools {

/// The members of a JSON object, by their names as they are meant, however they are escaped. Of members that stand
/// twice that is noted.
class json_object {
public:
  explicit json_object(const json_value& value);
  ~json_object() = default;
  json_object(const json_object&) = delete;
  json_object& operator=(const json_object&) = delete;

  [[nodiscard]] std::optional<json_value> find(std::string_view name);
  /// The same; where it is not there that is noted.
  [[nodiscard]] std::optional<json_value> at(std::string_view name);

  template <class T>
  void need(std::string_view name, T& out) {
    if (const auto value = at(name)) value->read(out);
  }
  /// Whether it is there.
  template <class T>
  bool read(std::string_view name, T& out) {
    const auto value = find(name);
    if (value) value->read(out);
    return value.has_value();
  }

  /// Notes something about a member, whether it is there or not.
  void refuse(std::string_view name, std::string_view why) const;

  /// Notes the members that nobody has asked for.
  void end() const;

private:
  struct member {
    std::string name;
    std::string_view value;
    bool asked = false;
  };

  const json_value& value_;
  std::vector<member> members_;
  bool complete_ = true; ///< what is not among the members is not there
};

} // namespace tools
