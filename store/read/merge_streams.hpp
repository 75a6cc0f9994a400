#pragma once

#include <skald/store/read/page_builder.hpp>

#include <cstddef>
#include <queue>
#include <type_traits>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// Merges streams into one page; each of them is in the query's order.
///
/// `next(i, cursor)` finds the first record of stream `i` that the query wants, after `cursor` unless that is null. It
/// returns the record's cursor and a token; `take(token)` makes the record. Memory holds a cursor for each stream, and
/// the page.
template <class Next, class Take>
page merge_streams(const streams_query& query, std::size_t streams, Next next, Take take) {
  using hit = typename std::invoke_result_t<Next&, std::size_t, const stream_cursor*>::value_type;
  struct front {
    hit first;
    std::size_t stream;
  };
  const bool forward = query.direction() == direction::forward;
  const auto comes_later = [&](const front& a, const front& b) {
    return forward ? a.first.at > b.first.at : a.first.at < b.first.at;
  };
  std::priority_queue<front, std::vector<front>, decltype(comes_later)> fronts{comes_later};
  const auto look_after = [&](std::size_t stream, const stream_cursor* cursor) {
    if (auto found = next(stream, cursor)) fronts.push({std::move(*found), stream});
  };
  for (std::size_t i = 0; i < streams; ++i) look_after(i, nullptr);
  page_builder page{query.limit()};
  while (page.open() && !fronts.empty()) {
    const auto front = fronts.top();
    fronts.pop();
    page.add([&] { return take(front.first.token); });
    look_after(front.stream, &front.first.at);
  }
  return page.take();
}

} // namespace skald::detail
