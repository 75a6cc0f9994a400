#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/timestamp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How values travel to the server: as text. Not for users, and not installed.
namespace skald::detail::postgres {

/// An integer as PostgreSQL can have it. What lies beyond compares like the largest.
[[nodiscard]] inline std::int64_t clamped(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min(value, static_cast<std::uint64_t>(INT64_MAX)));
}

/// One parameter that is an array, in the text form that PostgreSQL reads.
class array {
public:
  void add(std::int64_t value) { begin() += std::to_string(value); }
  void add(std::string_view value) {
    auto& out = begin();
    out += '"';
    for (std::size_t i = 0; i < value.size();) {
      const auto end = std::min(value.find_first_of("\"\\", i), value.size());
      out.append(value, i, end - i);
      if (end < value.size()) (out += '\\') += value[end];
      i = end + 1;
    }
    out += '"';
  }
  void add(position value) { add(static_cast<std::int64_t>(value.value)); }
  void add(revision value) { add(static_cast<std::int64_t>(value.value)); }
  void add(timestamp value) { add(static_cast<std::int64_t>(value.ticks())); }
  void add(const event_id& value) { begin() += value.str(); }
  void add_null() { begin() += "NULL"; }

  /// Closes the array. It is empty afterwards.
  [[nodiscard]] std::string take() {
    begin_with_brace();
    auto taken = std::exchange(text_, {});
    taken += '}';
    return taken;
  }

private:
  void begin_with_brace() {
    if (text_.empty()) text_ = "{";
  }
  std::string& begin() {
    begin_with_brace();
    if (text_.size() > 1) text_ += ',';
    return text_;
  }

  std::string text_;
};

template <class Values>
[[nodiscard]] std::string array_of(const Values& values) {
  array made;
  for (const auto& value : values) made.add(value);
  return made.take();
}

/// The parameters of one execution, by reference: strings must outlive them.
class parameters {
public:
  template <class... Values>
  explicit parameters(const Values&... values) {
    texts_.reserve(sizeof...(values));
    made_.reserve(sizeof...(values));
    (add(values), ...);
  }
  parameters(const parameters&) = delete;
  parameters& operator=(const parameters&) = delete;

  /// Null pointers mean NULL.
  [[nodiscard]] const std::vector<const char*>& texts() const noexcept { return texts_; }

private:
  void add(const std::string& value) { texts_.push_back(value.c_str()); }
  void add(std::nullptr_t) { texts_.push_back(nullptr); }
  void add(bool value) { texts_.push_back(value ? "true" : "false"); }
  void add(std::int64_t value) { texts_.push_back(made_.emplace_back(std::to_string(value)).c_str()); }

  std::vector<const char*> texts_;
  std::vector<std::string> made_;
};

} // namespace skald::detail::postgres
