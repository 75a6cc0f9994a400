#pragma once

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

/// The string that a JSON text is. Precondition: it is one.
[[nodiscard]] std::string json_string_in(std::string_view json);

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
  /// Refuses a string that is none of `words`, if it is one: of another kind it is refused already.
  void refuse_word(const std::string& words, const std::string& word) const;
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

} // namespace tools
