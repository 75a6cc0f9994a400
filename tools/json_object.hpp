#pragma once

#include <skald/store/json.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tools {

/// A value inside a JSON text, as it stands there, and where: what is only carried on stays what it was, byte for byte.
/// What does not fit is noted in the problems, and what is read then stays as it was.
///
/// Precondition of all: the whole text is JSON (`check_json`). Text, problems, and the value that holds this one have to
/// outlive it.
class json_value {
public:
  json_value(std::string_view text, skald::detail::json_problems& problems);

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  void refuse(std::string_view why) const { problems_->add(path_, why); }
  /// Refuses it, and tells what kind of value it is.
  void expected(std::string_view what) const;

  void read(std::string& out) const;

  /// Truth, and numbers without fraction and exponent.
  template <class T>
    requires std::same_as<T, bool> || std::unsigned_integral<T>
  void read(T& out) const {
    auto read = skald::from_json<T>(text_);
    if constexpr (std::unsigned_integral<T> && !std::same_as<T, bool>)
      if (!read) return expected_integer(std::numeric_limits<T>::max());
    take(std::move(read), out);
  }

  /// A string that `T::parse` reads.
  template <class T>
    requires requires(std::string text) { T::parse(std::move(text)); }
  void read(T& out) const {
    const auto problems = problems_->count();
    std::string name;
    read(name);
    if (problems_->count() == problems) take(T::parse(std::move(name)), out);
  }

  /// Calls `visit` with each element, where this is an array.
  template <class Visit>
  void for_each(Visit visit) const {
    if (text_.front() != '[') return expected("an array");
    std::size_t i = 0;
    for (const auto element : elements()) visit(json_value{element, *problems_, path_.element(i++)});
  }

  template <class T>
  void read(std::vector<T>& out) const {
    out.clear();
    for_each([&](const json_value& element) { element.read(out.emplace_back()); });
  }

private:
  friend class json_object;

  json_value(std::string_view text, skald::detail::json_problems& problems, const skald::detail::json_path& path)
    : text_{text}, problems_{&problems}, path_{path} {}

  template <class T>
  void take(skald::result<T> read, T& out) const {
    if (read)
      out = std::move(*read);
    else
      refuse(read.error().message);
  }

  void expected_integer(std::uint64_t most) const; ///< shows a number as it stands
  [[nodiscard]] std::vector<std::string_view> elements() const;

  std::string_view text_;
  skald::detail::json_problems* problems_;
  skald::detail::json_path path_;
};

/// The members of a JSON object, by their names as they are meant, however they are escaped. Of members that stand twice
/// that is noted.
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
