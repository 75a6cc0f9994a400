#pragma once

#include <skald/store/event_store.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// Refuses a request with more than `most` of something. Errors: `invalid_argument`.
[[nodiscard]] result<void> at_most(std::size_t most, std::size_t found, std::string_view what);

/// Counts the events and bytes of one request, or of one call of `hydrate`.
class volume {
public:
  /// Counts an event. Errors: `invalid_argument` beyond the limits of a request.
  [[nodiscard]] result<void> add(std::string_view data, std::string_view meta);

private:
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
};

/// Checks the parts of a request that do not depend on stored events. Errors: `invalid_argument`, `event_missing`,
/// `invalid_event`.
[[nodiscard]] result<void> check_request(const append_request& request, const catalog* types);

/// Checks a record of another store, before it is hydrated. Errors: `invalid_argument`, `invalid_event`.
[[nodiscard]] result<void> check_record(const record& r);

/// Checks the names and the number of changes. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_relations(std::span<const relation_change> changes);

/// The changes of relations that follow from a record that is about to be written. Errors: `invalid_event`.
[[nodiscard]] result<std::vector<relation_change>> relations_of(const record& r, const catalog* types);

} // namespace skald::detail
