#pragma once

#include <skald/aggregates/aggregate.hpp>
#include <skald/store/event_store.hpp>

#include <optional>

namespace skald {

/// Folds a whole stream into its aggregate, page by page; an unknown stream gives one at revision 0.
///
/// Blocks while it reads. Errors: those of `event_store::read`, and `invalid_event` for a record that does not fit.
template <aggregate_type A>
[[nodiscard]] result<A> load(const event_store& store, stream_id id) {
  auto loaded = aggregate_access::make<A>(id);
  result<void> fold;
  auto read = for_each(store, stream_query{std::move(id)}, [&](const record& r) {
    if (fold) fold = aggregate_access::fold(loaded, r);
  });
  if (!read) return read.error();
  if (!fold) return fold.error();
  return loaded;
}

/// Appends what an aggregate has pending, expecting its stream to be just where the aggregate was loaded.
///
/// Blocks while it writes. On success nothing is pending any more; on an error everything still is. A retry after
/// an outcome `unknown` repeats nothing, for the events keep the ids they got at the first try. Errors: those of
/// `event_store::append`; after `wrong_expected_revision`, load again and decide anew.
template <aggregate_type A>
[[nodiscard]] result<receipt> save(event_store& store, A& a) {
  auto answer = store.append(aggregate_access::request_for(a));
  if (answer) aggregate_access::take_pending(a);
  return answer;
}

} // namespace skald
