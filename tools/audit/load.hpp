#pragma once

#include "../commands.hpp"
#include <skald/store/event.hpp>

#include <boost/describe/class.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

namespace tools {

/// What `skald load` appends.
struct load_data {
  std::uint64_t writer = 0;
  std::uint64_t number = 0; ///< of the event, among those of its writer
  std::string text;
};
BOOST_DESCRIBE_STRUCT(load_data, (), (writer, number, text))
using load_event = skald::event<"skald:load", load_data>;

/// Makes the appends of one writer. The same options give the same ones, but for the ids.
class load_source {
public:
  load_source(const load_options& options, std::uint64_t writer)
    : options_{options}, writer_{writer}, random_{options.seed + writer * 0x9e3779b97f4a7c15} {}

  /// The next append, with an id for each event.
  [[nodiscard]] skald::append_request next();

private:
  std::string text();

  load_options options_;
  std::uint64_t writer_;
  std::uint64_t number_ = 0;
  std::mt19937_64 random_;
};

/// How long things took, in memory that does not grow: exact to one part in 32.
class latencies {
public:
  using duration = std::chrono::nanoseconds;

  void add(duration taken);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// So long took at most this part of them, from 0 to 1; 0 where there are none.
  [[nodiscard]] duration quantile(double part) const;
  [[nodiscard]] duration max() const noexcept { return max_; }

private:
  static constexpr unsigned bits = 5;
  static constexpr std::size_t steps = std::size_t{1} << bits; // to double a value

  std::array<std::uint64_t, (64 - bits + 1) * steps> counts_{};
  std::uint64_t count_ = 0;
  duration max_{};
};

} // namespace tools
