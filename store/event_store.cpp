#include <skald/store/event_store.hpp>

#include <skald/store/append/group_commit.hpp>
#include <skald/store/append/sameness.hpp>
#include <skald/store/checks/append_checks.hpp>
#include <skald/store/checks/snapshot_checks.hpp>
#include <skald/store/checks/time_checks.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

namespace skald {

using detail::at_most;
using detail::check_record;
using detail::check_relations;
using detail::clock_at_its_end;
using detail::difference;
using detail::in_quotes;
using detail::relations_of;

std::vector<result<receipt>> event_store::append(std::span<const append_request> group) {
  return group_commit{*this, group}.run();
}

result<receipt> event_store::append(const append_request& request) {
  return std::move(append(std::span{&request, 1}).front());
}

result<hydrate_report> event_store::hydrate(std::span<const record> records) {
  const auto latest = detail::latest_created(options_);
  detail::volume all;
  for (const auto& r : records) {
    if (auto ok = all.add(r.data, r.meta); !ok) return ok.error();
    if (auto ok = check_record(r); !ok) return ok.error();
    if (r.created.time() > latest) return detail::too_far_ahead("record " + r.id.str(), r.created, options_);
    if (r.created.time() > detail::latest_observed)
      return error{errc::invalid_argument, "record " + r.id.str() + " was created at " + r.created.str() +
                                             ", on the last day of time: the clock would have no room after it: say "
                                             "when it happened"};
  }
  hydrate_report report;
  const auto done = transact([&](transaction& tx) -> result<void> {
    report = {};
    std::size_t changes = 0;
    tx.prefetch(records);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& source = records[i];
      if (const auto known = tx.find(source.id)) {
        ++report.known;
        if (const auto* other = difference(source, *known))
          report.different.push_back({i, detail::already_stored(known->stored, other)});
        continue;
      }
      clock_.observe(source.created);
      auto r = source;
      r.revision = revision{tx.head_of(r.stream).revision.value + 1};
      r.position = report.last = position{tx.head().value + 1};
      r.recorded = clock_.now();
      if (r.recorded > timestamp::max()) return clock_at_its_end();
      r.hydrated = true;
      r.outdated = tx.holds_later(r.stream, r.type, r.created);
      const auto follow = relations_of(r, options_.catalog.get());
      if (!follow) return follow.error();
      changes += follow->size();
      if (auto ok = at_most(limits::relation_changes, changes, "changes of relations"); !ok) return ok;
      tx.write(r);
      for (const auto& change : *follow) tx.relate(change);
      ++report.written;
    }
    return {};
  });
  if (!done) return done.error();
  return report;
}

result<void> event_store::relate(std::span<const relation_change> changes) {
  if (auto ok = check_relations(changes); !ok) return ok;
  if (changes.empty()) return {};
  return transact([&](transaction& tx) -> result<void> {
    tx.prefetch(changes);
    for (const auto& change : changes) tx.relate(change);
    return {};
  });
}

result<void> event_store::save_snapshots(std::span<const snapshot> snapshots) {
  for (const auto& s : snapshots)
    if (auto ok = detail::check_snapshot(s); !ok) return ok;
  if (snapshots.empty()) return {};
  return transact_relaxed([&](transaction& tx) -> result<void> {
    for (auto s : snapshots) {
      const auto last = tx.find(s.cursor.id);
      if (!last || (s.key.stream() && last->stored.stream != *s.key.stream()))
        return error{errc::invalid_argument, "snapshot of " + in_quotes(s.key.name()) + ": the last record folded, " +
                                               s.cursor.id.str() + ", is not stored there: fold what is stored"};
      s.cursor.created = last->stored.created;
      tx.save(s);
    }
    return {};
  });
}

result<void> event_store::remove_snapshot(const snapshot_key& key) {
  if (auto ok = detail::check_key(key); !ok) return ok;
  return transact_relaxed([&](transaction& tx) -> result<void> {
    tx.remove(key);
    return {};
  });
}

} // namespace skald
