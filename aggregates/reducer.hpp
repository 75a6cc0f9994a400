#pragma once

#include <skald/store/event.hpp>
#include <skald/store/event_store.hpp>

#include <boost/describe/members.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skald {

/// Folds events into a state of its own: a described struct, and a step for each event type that it is about.
///
/// Make one with `make_reducer`. Steps are called as `step(State&, const Data&)`, must not fail, and may not change
/// anything but the state. Const functions may be called from several threads where the steps allow it.
template <class Events, class State, class Steps>
class reducer {
public:
  static_assert(boost::describe::has_describe_members<State>::value,
                "the state of a reducer is a struct described by BOOST_DESCRIBE_STRUCT");

  reducer(std::string name, Steps steps) : name_{std::move(name)}, steps_{std::move(steps)} {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// The event types that have a step.
  [[nodiscard]] static std::vector<std::string> types() {
    std::vector<std::string> names;
    for_each_event<Events>([&]<class Event>() {
      if constexpr (has_step<Event>) names.emplace_back(Event::name);
    });
    return names;
  }

  /// Applies one record; other types change nothing. Errors: `invalid_event`.
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

  /// The state of what `query` reads, or none where it reads no event with a step. The query's types are set.
  ///
  /// Blocks while it reads; memory holds one page. Errors: `invalid_event`, those of `event_store::read`.
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

private:
  template <class Event>
  static constexpr bool has_step = std::invocable<const Steps&, State&, const typename Event::data_type&>;

  std::string name_;
  Steps steps_;
};

namespace detail {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace detail

/// Names a reducer and gives it its steps, one function object for each event type:
/// `make_reducer<fine_events, totals>("totals", [](totals& t, const paid& e) { t.paid_cents += e.payment_cents; })`.
template <class Events, class State, class... Steps>
[[nodiscard]] auto make_reducer(std::string name, Steps... steps) {
  using all_steps = detail::overloaded<Steps...>;
  return reducer<Events, State, all_steps>{std::move(name), all_steps{std::move(steps)...}};
}

} // namespace skald
