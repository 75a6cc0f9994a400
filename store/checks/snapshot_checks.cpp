#include <skald/store/checks/snapshot_checks.hpp>

#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/values/last_position.hpp>

#include <string>
#include <utility>

namespace skald::detail {

result<void> check_key(const snapshot_key& key) {
  if (auto problem = problem_of_name("the name of a reducer", key.reducer())) return std::move(*problem);
  if (key.name().empty())
    return error{errc::invalid_argument, "a snapshot of reducer " + in_quotes(key.reducer()) +
                                           " does not say of which stream or relation: name it"};
  return {};
}

result<void> check_snapshot(const snapshot& s) {
  if (auto ok = check_key(s.key); !ok) return ok;
  const auto refused = [&](const std::string& why) {
    return error{errc::invalid_argument, "the snapshot of " + in_quotes(s.key.name()) + " by reducer " +
                                           in_quotes(s.key.reducer()) + ' ' + why};
  };
  if (auto problem = problem_of_name("its fingerprint", s.fingerprint))
    return refused("is refused: " + problem->message);
  if (s.records == 0 || s.cursor.id.nil()) return refused("does not say which records were folded: name the last one");
  if (s.records > last_position.value) return refused("counts more records than a store can hold");
  if (s.relation_revision.value > last_position.value)
    return refused("counts more changes of its relation than a store can hold");
  if (s.state.size() > limits::snapshot_bytes)
    return refused("has a state of " + std::to_string(s.state.size()) + " bytes, at most " +
                   std::to_string(limits::snapshot_bytes) + " are stored: fold from the beginning");
  if (auto valid = check_json(s.state); !valid)
    return refused("has a state that cannot be kept: " + valid.error().message);
  return {};
}

} // namespace skald::detail
