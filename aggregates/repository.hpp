#pragma once

#include <skald/aggregates/aggregate.hpp>
#include <skald/store/event_store.hpp>

#include <optional>

namespace skald {

namespace detail {

/// Folds the rest of a stream into an aggregate that is new or restored from a snapshot.
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

/// Loads the aggregate of a stream. Begins at the snapshot if one holds. An unknown stream gives an aggregate at
/// revision 0.
///
/// Errors: those of `event_store::read`; `invalid_event` for a record that does not fit. Blocks while it reads. Memory
/// holds one page.
template <aggregate_type A>
[[nodiscard]] result<A> load(const event_store& store, stream_id id) {
  auto loaded = aggregate_access::make<A>(std::move(id));
  if constexpr (keeps_snapshots<A>)
    if (const auto found = store.load_snapshot(aggregate_access::key_of<A>(loaded.id())); found && *found)
      aggregate_access::restore(loaded, **found);
  if (auto folded = detail::fold_rest(store, loaded); !folded) return folded.error();
  return loaded;
}

/// Saves a snapshot of an aggregate; `load` begins there. Errors: `invalid_argument` if events are pending or the
/// stream is empty; `invalid_event` if the state has no form in JSON; those of `event_store::save_snapshots`.
template <keeps_snapshots A>
[[nodiscard]] result<void> save_snapshot(event_store& store, const A& a) {
  const auto taken = aggregate_access::take_snapshot(a);
  if (!taken) return taken.error();
  return store.save_snapshots(std::span{&*taken, 1});
}

/// Loads as above, and keeps the snapshot up to date: removes one that does not hold, and saves a new one when `every`
/// records were folded after the last one. A snapshot that cannot be saved is no error.
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

/// Appends the pending events of one or more aggregates, atomically. Expects each stream at the revision where its
/// aggregate was loaded, even if that aggregate has nothing pending.
///
/// Errors: those of `event_store::append`. After `wrong_expected_revision`, load and decide again. Nothing is pending
/// after success; everything still is after an error. A retry after the outcome `unknown` repeats nothing, because the
/// events keep their ids. Blocks while it writes.
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
