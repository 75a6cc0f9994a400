#pragma once

#include <skald/store/event.hpp>
#include <skald/store/record.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skald {

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

/// State that is folded from one stream, and decides what happens next.
///
/// Derive from `aggregate<Self, Events>`, give it a `static constexpr std::string_view name`, a
/// `void with(const Data&)` for each event, which changes the state and must not fail, and functions for its commands,
/// which look at the state, `push` events or throw `rejected`. State changes only in `with`. Events of other types in
/// the stream are counted and otherwise passed over. Copies are independent. Not thread-safe: one thread at a time.
template <class Self, class Events>
class aggregate {
public:
  using events_type = Events;

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
    apply(data);
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

/// What loading and saving may do with an aggregate, and its commands may not.
struct aggregate_access {
  template <class A>
  static A make(stream_id id) {
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
    if (answer) ++a.revision_.value;
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
    return std::exchange(a.pending_, {});
  }
};

/// A class that `aggregate` was derived from as its comment says.
template <class A>
concept aggregate_type = std::derived_from<A, aggregate<A, typename A::events_type>> && std::copyable<A> &&
                         std::default_initializable<A> && requires {
                           { A::name } -> std::convertible_to<std::string_view>;
                         };

} // namespace skald
