#pragma once

#include <skald/store/checkpoint.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/query.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

/// What the backends share beside the rules of appending: the checks at their doors and the size of a page. Not for
/// users, and not installed.
namespace skald::detail {

/// Positions fit a signed integer of 64 bits, which is what databases have.
inline constexpr position last_position{(std::uint64_t{1} << 63) - 1};

/// Errors: `invalid_argument`.
[[nodiscard]] result<void> check_readable(const stream_id& stream);

/// A projection's name has 1 to `limits::projection_name_bytes` bytes without NUL, and a position that is stored of it
/// is one that a store can hold. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_projection(std::string_view name, position stored = {});

/// The same for all that an update holds.
[[nodiscard]] result<void> check_update(const checkpoint_update& update);

[[nodiscard]] error unknown_projection(std::string_view name);

/// Collects the records of one page and knows when it is full.
class page_builder {
public:
  explicit page_builder(std::optional<std::size_t> limit) : left_{limit.value_or(SIZE_MAX)} {}

  /// Whether the next record that fits the query is worth looking for.
  [[nodiscard]] bool open() const noexcept { return left_ != 0 && !page_.more; }

  /// Adds what `make` answers, or only notes that there is more where the page is full.
  template <class Make>
  void add(Make make) {
    if (page_.records.size() == limits::page_records || bytes_ >= limits::page_bytes) {
      page_.more = true;
      return;
    }
    const auto& added = page_.records.emplace_back(make());
    bytes_ += added.data.size() + added.meta.size();
    --left_;
  }

  [[nodiscard]] page take() { return std::move(page_); }

private:
  page page_;
  std::size_t left_; // of the query's limit
  std::size_t bytes_ = 0;
};

} // namespace skald::detail
