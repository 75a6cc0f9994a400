#pragma once

#include <skald/aggregates/aggregate.hpp>
#include <skald/store/event_store.hpp>

#include <optional>

namespace skald {

namespace detail {

/// Folds a stream into an aggregate that is new or restored from a snapshot.
template <aggregate_type A>
result<void> fold_rest(const event_store& store, A& a) {
  stream_query rest{a.id()};
  if constexpr (keeps_snapshots<A>)
    if (a.revision() != revision{}) rest.after(aggregate_access::cursor_of(a));
  result<void> fold;
  auto read = for_each(store, std::move(rest), [&](const record& r) {
    if (fold) fold = aggregate_access::fold(a, r);
  });
  return read ? fold : read;
}

} // namespace detail

/// Folds a stream into its aggregate, page by page: from its snapshot, where one is kept that holds, else from its
/// beginning. An unknown stream gives one at revision 0.
///
/// Blocks while it reads. Errors: those of `event_store::read`, and `invalid_event` for a record that does not fit.
template <aggregate_type A>
[[nodiscard]] result<A> load(const event_store& store, stream_id id) {
  auto loaded = aggregate_access::make<A>(std::move(id));
  if constexpr (keeps_snapshots<A>)
    if (const auto found = store.load_snapshot(aggregate_access::key_of<A>(loaded.id())); found && *found)
      aggregate_access::restore(loaded, **found);
  if (auto folded = detail::fold_rest(store, loaded); !folded) return folded.error();
  return loaded;
}

/// Keeps a snapshot of an aggregate, from which `load` begins. Errors: `invalid_argument` where something is pending or
/// the stream is empty, `invalid_event` where the state has no form in JSON, those of `event_store::save_snapshots`.
template <keeps_snapshots A>
[[nodiscard]] result<void> save_snapshot(event_store& store, const A& a) {
  const auto taken = aggregate_access::take_snapshot(a);
  if (!taken) return taken.error();
  return store.save_snapshots(std::span{&*taken, 1});
}

/// The same as `load`, and sees to the snapshot: one that is of no use is removed, and a new one is saved where so many
/// records were folded behind the last one, or from the beginning. A snapshot that cannot be saved is no error.
template <keeps_snapshots A>
[[nodiscard]] result<A> load(event_store& store, stream_id id, snapshot_every every) {
  auto loaded = aggregate_access::make<A>(std::move(id));
  const auto key = aggregate_access::key_of<A>(loaded.id());
  if (const auto found = store.load_snapshot(key); found && *found)
    if (!aggregate_access::restore(loaded, **found)) static_cast<void>(store.remove_snapshot(key));
  const auto kept = loaded.revision().value;
  if (auto folded = detail::fold_rest(store, loaded); !folded) return folded.error();
  if (every.due(loaded.revision().value - kept)) static_cast<void>(save_snapshot(store, loaded));
  return loaded;
}

/// Appends what aggregates have pending, all of it or nothing, expecting each stream to be just where its aggregate was
/// loaded, also where nothing is pending.
///
/// Blocks while it writes. On success nothing is pending any more; on an error everything still is. A retry after
/// an outcome `unknown` repeats nothing, for the events keep the ids they got at the first try. Errors: those of
/// `event_store::append`; after `wrong_expected_revision`, load again and decide anew.
template <aggregate_type... A>
  requires(sizeof...(A) > 0)
[[nodiscard]] result<receipt> save(event_store& store, A&... a) {
  append_request request;
  (request.streams.push_back(std::move(aggregate_access::request_for(a).streams.front())), ...);
  auto answer = store.append(request);
  if (answer) (aggregate_access::take_pending(a), ...);
  return answer;
}

} // namespace skald
