#pragma once

#include <string_view>
#include <type_traits>

namespace skald::detail {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13

/// True if T is the type of a lambda, not a type made from one.
template <class T>
constexpr bool is_closure() {
  constexpr std::string_view start = "T = ";
  constexpr std::string_view name = __PRETTY_FUNCTION__;
  const auto lambda = name.rfind("<lambda(");
  if (lambda == std::string_view::npos) return false;
  int depth = 0;
  for (auto i = name.find(start) + start.size(); i < lambda; ++i) depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
  return depth == 0;
}

/// False if g++ 12 would destroy this argument twice: a closure or an aggregate that is a temporary in the same full
/// expression as `co_await`. `Argument` is the deduced type of a forwarding reference.
template <class Argument>
inline constexpr bool safe_beside_await =
  std::is_lvalue_reference_v<Argument> || std::is_trivially_destructible_v<Argument> ||
  !(std::is_aggregate_v<Argument> || is_closure<Argument>());

#else

template <class Argument>
inline constexpr bool safe_beside_await = true;

#endif

} // namespace skald::detail

/// Rejects the temporaries that g++ 12 would destroy twice. Belongs into every function that is meant to be awaited.
#define SKALD_AWAIT_GUARD(Argument)                                                                                    \
  static_assert(::skald::detail::safe_beside_await<Argument>,                                                          \
                "g++ 12 destroys this temporary twice beside co_await: name it first and pass the variable")
