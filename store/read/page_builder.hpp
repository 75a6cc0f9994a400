#pragma once

#include <skald/store/limits.hpp>
#include <skald/store/query.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

/// Not for users, and not installed.
namespace skald::detail {

/// Collects the records of one page and knows when the page is full.
class page_builder {
public:
  explicit page_builder(std::optional<std::size_t> limit) : left_{limit.value_or(SIZE_MAX)} {}

  /// Whether the page can use another record.
  [[nodiscard]] bool open() const noexcept { return left_ != 0 && !page_.more; }

  /// Adds the record that `make` returns. If the page is full, notes only that there are more.
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

/// Whether a page ended because there are no further records.
template <class Query>
[[nodiscard]] bool ended(const Query& query, const page& answer) {
  return !answer.more && answer.records.size() < query.limit().value_or(SIZE_MAX);
}

/// The index of a direction in an array of two, forward first.
[[nodiscard]] inline std::size_t index_of(direction d) noexcept { return d == direction::forward ? 0 : 1; }

} // namespace skald::detail
