#pragma once

#include <skald/actors/aggregate_actor.hpp>
#include <skald/actors/interfaces.hpp>

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace skald::actors {

/// Finds or spawns the aggregate actor of a stream, and keeps the most recently used ones alive.
///
/// A stream never has two actors. Commands that arrive while an actor passivates wait until it has ended, and go to the
/// next one.
class directory_behavior {
public:
  static constexpr const char* name = "skald.directory";

  directory_behavior(directory_actor::pointer self, std::shared_ptr<const aggregate_setup> setup)
    : self_{self}, setup_{std::move(setup)} {}
  ~directory_behavior();
  directory_behavior(const directory_behavior&) = delete;
  directory_behavior& operator=(const directory_behavior&) = delete;

  directory_actor::behavior_type make_behavior();

private:
  struct entry {
    aggregate_actor actor;
    std::optional<std::list<stream_id>::iterator> use; ///< in `by_use_`; none while it passivates
    std::vector<command_work> waiting; ///< for the next actor of this stream
  };

  void take(const command_work& work);
  void retire_oldest();
  void ended(const stream_id& stream);

  directory_actor::pointer self_;
  std::shared_ptr<const aggregate_setup> setup_;
  std::unordered_map<stream_id, entry> live_;
  std::list<stream_id> by_use_; ///< the most recently used first; without those that passivate
};

} // namespace skald::actors
