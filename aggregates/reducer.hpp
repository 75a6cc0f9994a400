#pragma once

#include <skald/aggregates/snapshot.hpp>
#include <skald/store/event.hpp>
#include <skald/store/event_store.hpp>
#include <skald/store/limits.hpp>

#include <boost/describe/members.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skald {

/// Folds the events of any query into a state: a described struct, and a step for each event type that matters.
///
/// Make one with `make_reducer`. A step is a `void(State&, const Data&)`. It must not fail, and changes only the state.
/// Const functions are thread-safe if the steps are.
template <class Events, class State, class Steps>
class reducer {
public:
  static_assert(boost::describe::has_describe_members<State>::value,
                "the state of a reducer is a struct described by BOOST_DESCRIBE_STRUCT");

  reducer(std::string name, Steps steps) : name_{std::move(name)}, steps_{std::move(steps)} {}

  /// Sets the version of the steps; the default is 1. Raise it when they fold the same events into another state. That
  /// discards older snapshots.
  [[nodiscard]] reducer version(std::uint32_t number) && {
    version_ = number;
    return std::move(*this);
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// The event types that have a step.
  [[nodiscard]] static std::vector<std::string> types() {
    std::vector<std::string> names;
    for_each_event<Events>([&]<class Event>() {
      if constexpr (has_step<Event>) names.emplace_back(Event::name);
    });
    return names;
  }

  /// Applies one record. Types without a step change nothing. Errors: `invalid_event`.
  result<void> fold(State& state, const record& r) const {
    result<void> answer;
    for_each_event<Events>([&]<class Event>() {
      if constexpr (has_step<Event>) {
        if (r.type != Event::name) return;
        if (auto data = decode<Event>(r))
          steps_(state, *data);
        else
          answer = data.error();
      }
    });
    return answer;
  }

  /// Folds the records that `query` finds. None if no event with a step is found. Replaces the query's types.
  ///
  /// Errors: `invalid_event`, those of `event_store::read`. Blocks while it reads. Memory holds one page.
  template <class Query>
  [[nodiscard]] result<std::optional<State>> reduce(const event_store& store, Query query) const {
    std::optional<State> state;
    result<void> folded;
    query.types(types());
    auto read = for_each(store, std::move(query), [&](const record& r) {
      if (!folded) return;
      if (!state) state.emplace();
      folded = fold(*state, r);
    });
    if (!read) return read.error();
    if (!folded) return folded.error();
    return state;
  }

  /// Folds a stream, or all streams of a relation key. Begins at the snapshot if one holds.
  ///
  /// Also keeps the snapshot up to date: removes one that does not hold, and saves a new one when `every` records of
  /// any type were read after the last one. A snapshot that cannot be saved is no error.
  ///
  /// Errors: as above, and `read_failed` of the relation. Blocks while it reads. Memory holds one page, and the names
  /// of a relation's streams. If a relation has more streams than `limits::query_names`, a stream that joins or leaves
  /// it during the call may be folded or not.
  [[nodiscard]] result<std::optional<State>> reduce(event_store& store, const stream_id& of,
                                                    snapshot_every every) const {
    return reduce(store, snapshot_key{name_, of}, stream_query{of}, revision{}, every);
  }
  [[nodiscard]] result<std::optional<State>> reduce(event_store& store, const relation_key& of,
                                                    snapshot_every every) const {
    const auto now = store.related(of);
    if (!now) return now.error();
    const bool by_names = now->streams.size() <= limits::query_names;
    const auto query = by_names ? streams_query{now->streams} : streams_query{std::vector{of}};
    return reduce(store, snapshot_key{name_, of}, query, now->revision, every);
  }

private:
  /// The fold so far: its state (none before the first event with a step), its last record, its number of records.
  struct progress {
    std::optional<State> state;
    stream_cursor last;
    std::uint64_t records = 0;
  };

  template <class Query>
  result<std::optional<State>> reduce(event_store& store, const snapshot_key& key, Query query,
                                      revision relation_revision, snapshot_every every) const {
    const auto print = fingerprint();
    progress so_far;
    if (const auto found = store.load_snapshot(key); found && *found) {
      if (auto kept = read(**found, relation_revision, print))
        so_far = std::move(*kept);
      else
        static_cast<void>(store.remove_snapshot(key));
    }
    const auto kept = so_far.records;
    if (kept != 0) query.after(so_far.last);
    result<void> folded;
    auto read_all = for_each(store, std::move(query), [&](const record& r) {
      so_far.last = Query::cursor_of(r);
      ++so_far.records;
      if (!folded || !folds(r.type)) return;
      if (!so_far.state) so_far.state.emplace();
      folded = fold(*so_far.state, r);
    });
    if (!read_all) return read_all.error();
    if (!folded) return folded.error();
    if (every.due(so_far.records - kept)) keep(store, key, so_far, relation_revision, print);
    return std::move(so_far.state);
  }

  static std::optional<progress> read(const stored_snapshot& stored, revision relation_revision,
                                      std::string_view print) {
    const auto& s = stored.snapshot;
    if (!stored.holds || s.relation_revision != relation_revision || s.fingerprint != print) return std::nullopt;
    auto state = from_json<std::optional<State>>(s.state);
    if (!state) return std::nullopt;
    return progress{std::move(*state), s.cursor, s.records};
  }

  static void keep(event_store& store, const snapshot_key& key, const progress& so_far, revision relation_revision,
                   const std::string& print) {
    auto state = to_json(so_far.state);
    if (!state) return;
    snapshot s;
    s.key = key;
    s.fingerprint = print;
    s.cursor = so_far.last;
    s.records = so_far.records;
    s.relation_revision = relation_revision;
    s.state = std::move(*state);
    static_cast<void>(store.save_snapshots(std::span{&s, 1}));
  }

  [[nodiscard]] std::string fingerprint() const {
    std::string names;
    for_each_event<Events>([&]<class Event>() {
      if constexpr (has_step<Event>) names += detail::versioned_name<Event>();
    });
    return detail::fingerprint<State>(names, version_);
  }

  static bool folds(std::string_view type) {
    bool found = false;
    for_each_event<Events>([&]<class Event>() {
      if constexpr (has_step<Event>) found = found || type == Event::name;
    });
    return found;
  }

  template <class Event>
  static constexpr bool has_step = std::invocable<const Steps&, State&, const typename Event::data_type&>;

  std::string name_;
  Steps steps_;
  std::uint32_t version_ = 1;
};

namespace detail {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace detail

/// Makes a reducer from its name and its steps, one function object for each event type:
/// `make_reducer<fine_events, totals>("totals", [](totals& t, const paid& e) { t.paid_cents += e.payment_cents; })`.
template <class Events, class State, class... Steps>
[[nodiscard]] auto make_reducer(std::string name, Steps... steps) {
  using all_steps = detail::overloaded<Steps...>;
  return reducer<Events, State, all_steps>{std::move(name), all_steps{std::move(steps)...}};
}

} // namespace skald
