#pragma once

#include "checked_walker.hpp"
#include <skald/store/json.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tools {

/// A value inside a JSON text, as it stands there, and where: what is only carried on stays what it was, byte for byte.
/// What does not fit is noted in the problems, and what is read then stays as it was.
///
/// Precondition of all: the whole text is JSON (`check_json`). Text, problems, and the value that holds this one have
/// to outlive it.
class json_value {
public:
  json_value(std::string_view text, skald::detail::json_problems& problems);

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  void refuse(std::string_view why) const { problems_->add(path_, why); }
  /// Refuses a string that is none of `words`, if it is one: of another kind it is refused already.
  void refuse_word(const std::string& words, const std::string& word) const;
  /// Refuses it, and tells what kind of value it is.
  void expected(std::string_view what) const;

  void read(std::string& out) const;

  void read(bool& out) const;

  /// A number without fraction and exponent.
  template <std::unsigned_integral T>
  void read(T& out) const {
    const auto read = is_number() ? skald::from_json<T>(text_) : skald::error{};
    if (read)
      out = *read;
    else
      expected_integer(std::numeric_limits<T>::max());
  }

  /// A string that `T::parse` reads.
  template <class T>
    requires requires(std::string text) { T::parse(std::move(text)); }
  void read(T& out) const {
    const auto problems = problems_->count();
    std::string name;
    read(name);
    if (problems_->count() != problems) return;
    if (auto parsed = T::parse(std::move(name)))
      out = std::move(*parsed);
    else
      refuse(parsed.error().message);
  }

  /// Calls `visit` with each element, where this is an array.
  template <class Visit>
  void for_each(Visit visit) const {
    if (text_.front() != '[') return expected("an array");
    std::size_t i = 0;
    for (checked_walker walk{text_}; walk.next('[');) visit(json_value{walk.value(), *problems_, path_.element(i++)});
  }

  /// The number of elements, 0 where this is no array. Cost grows with the text.
  [[nodiscard]] std::size_t elements() const;

  template <class T>
  void read(std::vector<T>& out) const {
    out.clear();
    for_each([&](const json_value& element) { element.read(out.emplace_back()); });
  }

private:
  friend class json_object;

  json_value(std::string_view text, skald::detail::json_problems& problems, const skald::detail::json_path& path)
    : text_{text}, problems_{&problems}, path_{path} {}

  [[nodiscard]] bool is_number() const;
  void expected_integer(std::uint64_t most) const; ///< shows a number as it stands

  std::string_view text_;
  skald::detail::json_problems* problems_;
  skald::detail::json_path path_;
};

} // namespace tools
