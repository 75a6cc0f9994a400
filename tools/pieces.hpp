#pragma once

#include <skald/store/event_store.hpp>
#include <skald/store/limits.hpp>

#include <cstddef>

namespace tools {

inline constexpr std::size_t names_at_once = skald::limits::list_names;

/// Visits everything of a list that is read in pieces. `next(after)` answers a piece, `after_of` what to give it to get
/// the one behind.
template <class After, class Next, class AfterOf, class Visit>
void for_each_piece(After after, Next next, AfterOf after_of, Visit visit) {
  for (;;) {
    const auto piece = next(after).value();
    if (piece.empty()) return;
    for (const auto& one : piece) visit(one);
    after = after_of(piece.back());
  }
}

template <class Visit>
void for_each_stream(const skald::event_store& store, Visit visit) {
  for_each_piece(
    std::string{}, [&](const std::string& after) { return store.streams(after, names_at_once); },
    [](const skald::stream_summary& s) { return s.stream.str(); }, visit);
}

template <class Visit>
void for_each_relation(const skald::event_store& store, Visit visit) {
  for_each_piece(
    std::string{}, [&](const std::string& after) { return store.relations(after, names_at_once); },
    [](const skald::relation_summary& r) { return r.key.str(); }, visit);
}

template <class Visit>
void for_each_snapshot(const skald::event_store& store, Visit visit) {
  for_each_piece(
    skald::snapshot_key{}, [&](const skald::snapshot_key& after) { return store.snapshots(after, names_at_once); },
    [](const skald::snapshot_key& key) { return key; }, visit);
}

} // namespace tools
