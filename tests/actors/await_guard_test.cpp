#include <skald/actors/await_guard.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>

namespace {

struct plain {
  int number;
};
struct owning {
  std::string text;
};
class constructed {
public:
  explicit constructed(std::string text) : text_{std::move(text)} {}

private:
  std::string text_;
};
template <class F>
class wrapper {
public:
  explicit wrapper(F f) : f_{std::move(f)} {}

private:
  F f_;
  std::string text_;
};

[[maybe_unused]] const auto captures_nothing = [] {};
[[maybe_unused]] const auto captures_a_number = [number = 1] { (void)number; };
[[maybe_unused]] const auto captures_a_string = [text = std::string{}] { (void)text; };

using skald::detail::safe_beside_await;
template <class T>
using value_of = std::remove_const_t<std::remove_reference_t<T>>;

} // namespace

TEST_CASE("temporaries that g++ 12 destroys twice beside co_await are told from those it does not") {
  static_assert(safe_beside_await<plain>);
  static_assert(safe_beside_await<constructed>);
  static_assert(safe_beside_await<std::string>);
  static_assert(safe_beside_await<std::function<void()>>);
  static_assert(safe_beside_await<value_of<decltype(captures_nothing)>>);
  static_assert(safe_beside_await<value_of<decltype(captures_a_number)>>);
  static_assert(safe_beside_await<wrapper<value_of<decltype(captures_a_string)>>>);
  static_assert(safe_beside_await<owning&>, "a variable");
  static_assert(safe_beside_await<const value_of<decltype(captures_a_string)>&>, "a variable");
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  static_assert(!safe_beside_await<owning>);
  static_assert(!safe_beside_await<value_of<decltype(captures_a_string)>>);
#else
  static_assert(safe_beside_await<owning>);
  static_assert(safe_beside_await<value_of<decltype(captures_a_string)>>);
#endif
}
