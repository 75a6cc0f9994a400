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

/// Thrown by an aggregate that refuses a command: nothing is appended, and the caller gets `errc::rejected` and the
/// message.
class rejected : public failure {
public:
  explicit rejected(std::string why) : failure{errc::rejected, std::move(why)} {}
};

/// What an imported event brings along; what is left out is made when the event is stored.
struct origin {
  event_id id;
  timestamp created;

  origin() = default;
  explicit origin(event_id given_id, timestamp given_created = {}) : id{given_id}, created{given_created} {}
};

namespace detail {

/// The state of an aggregate of which snapshots are kept, in one struct, so that no member is forgotten.
template <class State>
class kept_state {
public:
  static_assert(json_struct<State>, "the state of an aggregate is a struct described by BOOST_DESCRIBE_STRUCT");

  /// Shadow it with a higher one where `with` makes something else of the same events: older snapshots are of no use
  /// then.
  static constexpr std::uint32_t snapshot_version = 1;

  [[nodiscard]] const State& state() const noexcept { return state_; }

protected:
  State state_{}; ///< what `with` changes

private:
  friend struct skald::aggregate_access;

  stream_cursor last_; ///< of the last stored record folded; its time is not known where it was appended from here
};

template <>
class kept_state<void> {};

} // namespace detail

/// State that is folded from one stream, and decides what happens next.
///
/// Derive from `aggregate<Self, Events>`, give it a `static constexpr std::string_view name`, a
/// `void with(const Data&)` for each event, which changes the state and must not fail, and functions for its commands,
/// which look at the state, `push` events or throw `rejected`. State changes only in `with`. Events of other types in
/// the stream are counted and otherwise passed over. Copies are independent. Not thread-safe: one thread at a time.
///
/// Where it is derived from `aggregate<Self, Events, State>`, snapshots spare folding a long stream from its
/// beginning. Then all that `with` changes is the member `state_`, a plain struct `State` that BOOST_DESCRIBE_STRUCT
/// describes, which everybody may look at through `state()`; the aggregate has no members of its own.
template <class Self, class Events, class State = void>
class aggregate : public detail::kept_state<State> {
public:
  using events_type = Events;
  using state_type = State;

  aggregate() = default;

  [[nodiscard]] const stream_id& id() const noexcept { return id_; }

  /// The number of events folded so far, pending ones included.
  [[nodiscard]] skald::revision revision() const noexcept { return revision_; }

  /// What was pushed and is not stored yet, in order.
  [[nodiscard]] const std::vector<new_event>& pending() const noexcept { return pending_; }

protected:
  /// Records that something happened: applies the event to the state and keeps it until it is stored. Throws `failure`
  /// (`invalid_event`) where the data cannot be written as JSON; then nothing has changed.
  template <class Data>
  void push(const Data& data, const origin& from = {}) {
    add(data, encode<event_of<Events, Data>>(data).value(), from);
  }

  /// The same for an event type with metadata.
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
      ++revision_.value; // half changed, it is no state of its stream: nothing that rests on it is to fit there
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

/// A class that `aggregate` was derived from as its comment says.
template <class A>
concept aggregate_type = std::derived_from<A, aggregate<A, typename A::events_type, typename A::state_type>> &&
                         std::copyable<A> && std::default_initializable<A> && requires {
                           { A::name } -> std::convertible_to<std::string_view>;
                         };

/// An aggregate of which snapshots are kept.
template <class A>
concept keeps_snapshots = aggregate_type<A> && !std::is_void_v<typename A::state_type>;

/// What loading and saving may do with an aggregate, and its commands may not.
struct aggregate_access {
  template <class A>
  static A make(stream_id id) {
    // The base ends with a pointer, so that nothing fits in behind it.
    static_assert(!keeps_snapshots<A> ||
                    sizeof(A) == sizeof(aggregate<A, typename A::events_type, typename A::state_type>),
                  "an aggregate with a state struct has no members of its own, which snapshots would lose: move them "
                  "into the struct");
    A a;
    a.id_ = std::move(id);
    return a;
  }

  /// Applies a stored record. Errors: `invalid_event` where its data does not fit.
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

  /// The pending events as they are appended. Gives ids to those that have none, which they keep.
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

  /// Errors: `invalid_argument` where something is pending or nothing was folded; `invalid_event` where the state has
  /// no form in JSON.
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

  /// Takes over what a snapshot holds. False where it is of no use; then nothing has changed.
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

  /// Of the last stored record folded.
  template <keeps_snapshots A>
  static const stream_cursor& cursor_of(const A& a) {
    return a.last_;
  }
};

} // namespace skald
