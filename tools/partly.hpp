#pragma once

#include "console.hpp"
#include <skald/store/result.hpp>

#include <cstdint>
#include <string>

/// What a command says that has done only a part.
namespace tools {

/// Ends a command that was interrupted with a sentence on what is left and how to go on. Answers its exit status.
int interrupted(console& at, const std::string& what_is_left);

/// The same of one that has failed in the middle: throws.
[[noreturn]] void failed(const skald::failure& why, const std::string& what_is_left);

/// Tells what is refused: the first ones, and how many more.
class refusals {
public:
  explicit refusals(console& at) : at_{at} {}

  void add(const std::string& place, const std::string& why);
  void end() const;

private:
  console& at_;
  std::uint64_t count_ = 0;
};

} // namespace tools
