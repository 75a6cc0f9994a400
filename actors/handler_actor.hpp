#pragma once

#include <skald/actors/handler_runner.hpp>
#include <skald/actors/interfaces.hpp>

#include <memory>
#include <utility>

namespace skald::actors {

/// Passes deliveries to the runner of one handler. Its interface lists the deliveries of its kind.
template <handler_kind Kind>
class handler_behavior {
public:
  static constexpr const char* name = "skald.handler";
  using interface = handler_actor_of<Kind>;

  handler_behavior(typename interface::pointer, std::shared_ptr<handler_runner> runner) : runner_{std::move(runner)} {}

  typename interface::behavior_type make_behavior() {
    const auto take = [runner = runner_](const auto& message) { runner->enqueue(message.what); };
    auto on_fresh = [take](const fresh& m) { take(m); };
    auto on_hydrated = [take](const hydrated& m) { take(m); };
    auto on_outdated = [take](const outdated& m) { take(m); };
    if constexpr (Kind == handler_kind::once)
      return {on_fresh};
    else if constexpr (Kind == handler_kind::on)
      return {on_fresh, on_hydrated};
    else
      return {on_fresh, on_hydrated, on_outdated};
  }

private:
  std::shared_ptr<handler_runner> runner_;
};

} // namespace skald::actors
