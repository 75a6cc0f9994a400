#pragma once

#include <skald/aggregates/snapshot.hpp>
#include <skald/store/event.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/record.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skald {

struct aggregate_access;

/// Throw this from a command to refuse it. Nothing is appended; the caller gets `errc::rejected` and the message.
class rejected : public failure {
public:
  explicit rejected(std::string why) : failure{errc::rejected, std::move(why)} {}
};

/// The id and time of an imported event. The store makes what is left out.
struct origin {
  event_id id;
  timestamp created;

  origin() = default;
  explicit origin(event_id given_id, timestamp given_created = {}) : id{given_id}, created{given_created} {}
};

namespace detail {

/// The state of an aggregate with snapshots. It is one struct, so that a snapshot misses no member.
template <class State>
class kept_state {
public:
  static_assert(json_struct<State>, "the state of an aggregate is a struct described by BOOST_DESCRIBE_STRUCT");

  /// Shadow this with a higher number when `with` folds the same events into another state. That discards older
  /// snapshots.
  static constexpr std::uint32_t snapshot_version = 1;

  [[nodiscard]] const State& state() const noexcept { return state_; }

protected:
  State state_{}; ///< changed by `with` only

private:
  friend struct skald::aggregate_access;

  stream_cursor last_; ///< of the last stored record folded; without its time if this aggregate appended it
};

template <>
class kept_state<void> {};

} // namespace detail

/// Folds the events of one stream into a state, and decides commands on it.
///
/// Derive from `aggregate<Self, Events>` and add:
///
/// - `static constexpr std::string_view name`;
/// - a public `void with(const Data&)` for each event. It changes the state and must not fail. Nothing else changes the
///   state;
/// - a function for each command. It looks at the state, then pushes events or throws `rejected`.
///
/// The revision counts events of other types in the stream; the state ignores them. Copies are independent. Not
/// thread-safe.
///
/// Derive from `aggregate<Self, Events, State>` to load a long stream from a snapshot. `State` is a plain struct that
/// BOOST_DESCRIBE_STRUCT describes. `with` changes only the member `state_`, and the aggregate has no other members.
/// Read the state with `state()`.
template <class Self, class Events, class State = void>
class aggregate : public detail::kept_state<State> {
public:
  using events_type = Events;
  using state_type = State;

  aggregate() = default;

  [[nodiscard]] const stream_id& id() const noexcept { return id_; }

  /// The number of events folded so far, including pending ones.
  [[nodiscard]] skald::revision revision() const noexcept { return revision_; }

  /// The events that were pushed and are not stored yet, in order.
  [[nodiscard]] const std::vector<new_event>& pending() const noexcept { return pending_; }

protected:
  /// Adds an event: applies it to the state and keeps it until it is saved. Throws `failure` (`invalid_event`) if the
  /// data has no form in JSON; nothing has changed then.
  template <class Data>
  void push(const Data& data, const origin& from = {}) {
    add(data, encode<event_of<Events, Data>>(data).value(), from);
  }

  /// The same, for an event type with metadata.
  template <class Data, class Meta>
    requires std::same_as<Meta, typename event_of<Events, Data>::meta_type>
  void push(const Data& data, const Meta& meta, const origin& from = {}) {
    add(data, encode<event_of<Events, Data>>(data, meta).value(), from);
  }

private:
  friend struct aggregate_access;

  template <class Data>
  void add(const Data& data, new_event event, const origin& from) {
    event.id = from.id;
    event.created = from.created;
    try {
      apply(data);
    } catch (...) {
      ++revision_.value; // the state is half changed: no append that rests on it may succeed
      throw;
    }
    pending_.push_back(std::move(event));
    ++revision_.value;
  }

  template <class Data>
  void apply(const Data& data) {
    static_assert(
      requires(Self& self) { self.with(data); },
      "an aggregate needs a public `void with(const Data&)` for each of its events");
    static_cast<Self&>(*this).with(data);
  }

  stream_id id_;
  skald::revision revision_;
  std::vector<new_event> pending_;
};

/// A class that derives from `aggregate` as its comment says.
template <class A>
concept aggregate_type = std::derived_from<A, aggregate<A, typename A::events_type, typename A::state_type>> &&
                         std::copyable<A> && std::default_initializable<A> && requires {
                           { A::name } -> std::convertible_to<std::string_view>;
                         };

/// An aggregate with snapshots.
template <class A>
concept keeps_snapshots = aggregate_type<A> && !std::is_void_v<typename A::state_type>;

/// The part of an aggregate that only loading and saving use.
struct aggregate_access {
  template <class A>
  static A make(stream_id id) {
    // The base ends with a pointer, so a member cannot hide in its padding.
    static_assert(!keeps_snapshots<A> ||
                    sizeof(A) == sizeof(aggregate<A, typename A::events_type, typename A::state_type>),
                  "an aggregate with a state struct has no members of its own, which snapshots would lose: move them "
                  "into the struct");
    A a;
    a.id_ = std::move(id);
    return a;
  }

  /// Applies a stored record. Errors: `invalid_event` if its data does not fit.
  template <class A>
  static result<void> fold(A& a, const record& r) {
    result<void> answer;
    for_each_event<typename A::events_type>([&]<class Event>() {
      if (r.type != Event::name) return;
      if (auto data = decode<Event>(r))
        a.apply(*data);
      else
        answer = error{data.error().code, "aggregate '" + std::string{A::name} + "': " + data.error().message};
    });
    if (!answer) return answer;
    ++a.revision_.value;
    if constexpr (keeps_snapshots<A>) a.last_ = stream_query::cursor_of(r);
    return answer;
  }

  /// The request that appends the pending events. Events without an id get one and keep it, so a retry repeats nothing.
  template <class A>
  static append_request request_for(A& a) {
    for (auto& event : a.pending_)
      if (event.id.nil()) event.id = make_event_id();
    const skald::revision before{a.revision_.value - a.pending_.size()};
    return {a.id_, expected_revision::exactly(before), a.pending_};
  }

  template <class A>
  static std::vector<new_event> take_pending(A& a) {
    if constexpr (keeps_snapshots<A>)
      if (!a.pending_.empty()) a.last_ = {{}, a.pending_.back().id};
    return std::exchange(a.pending_, {});
  }

  template <keeps_snapshots A>
  static snapshot_key key_of(const stream_id& id) {
    return {std::string{A::name}, id};
  }

  template <keeps_snapshots A>
  static const std::string& fingerprint_of() {
    static const std::string made = [] {
      std::string names;
      for_each_event<typename A::events_type>([&]<class Event>() { names += detail::versioned_name<Event>(); });
      return detail::fingerprint<typename A::state_type>(names, A::snapshot_version);
    }();
    return made;
  }

  /// Errors: `invalid_argument` if events are pending or none was folded; `invalid_event` if the state has no form in
  /// JSON.
  template <keeps_snapshots A>
  static result<snapshot> take_snapshot(const A& a) {
    const auto refused = [&](errc code, const std::string& why) {
      return error{code, "taking a snapshot of '" + std::string{A::name} + "' " + detail::in_quotes(a.id_.str()) +
                           ": " + why};
    };
    if (!a.pending_.empty()) return refused(errc::invalid_argument, "it has pending events: save them first");
    if (a.last_.id.nil()) return refused(errc::invalid_argument, "its stream is empty: save some events first");
    auto state = to_json(a.state_);
    if (!state) return refused(state.error().code, state.error().message);
    snapshot s;
    s.key = key_of<A>(a.id_);
    s.fingerprint = fingerprint_of<A>();
    s.cursor = a.last_;
    s.records = a.revision_.value;
    s.state = std::move(*state);
    return s;
  }

  /// Restores the state from a snapshot. False if the snapshot does not hold; nothing has changed then.
  template <keeps_snapshots A>
  static bool restore(A& a, const stored_snapshot& stored) {
    const auto& s = stored.snapshot;
    if (!stored.holds || s.fingerprint != fingerprint_of<A>()) return false;
    auto state = from_json<typename A::state_type>(s.state);
    if (!state) return false;
    a.state_ = std::move(*state);
    a.last_ = s.cursor;
    a.revision_ = skald::revision{s.records};
    return true;
  }

  /// The cursor of the last stored record folded.
  template <keeps_snapshots A>
  static const stream_cursor& cursor_of(const A& a) {
    return a.last_;
  }
};

} // namespace skald
