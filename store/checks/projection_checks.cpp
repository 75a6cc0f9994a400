#include <skald/store/checks/projection_checks.hpp>

#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/values/last_position.hpp>

#include <string>

namespace skald::detail {

result<void> check_projection(std::string_view name, position stored) {
  if (auto problem = problem_of_name("a projection's name", name, limits::projection_name_bytes)) return *problem;
  if (stored > last_position)
    return error{errc::invalid_argument, "projection " + in_quotes(name) + ": position " +
                                           std::to_string(stored.value) + " is beyond what a store can hold"};
  return {};
}

result<void> check_update(const checkpoint_update& update) {
  if (auto ok = check_projection(update.projection, update.handled); !ok) return ok;
  for (const auto& done : update.completions) {
    if (auto ok = check_projection(update.projection, done.position); !ok) return ok;
    if (auto problem = problem_of_name("a handler's name", done.handler, limits::handler_name_bytes)) return *problem;
  }
  return {};
}

error unknown_projection(std::string_view name) {
  return {errc::invalid_argument, "projection " + in_quotes(name) + " is not registered: register it first"};
}

} // namespace skald::detail
