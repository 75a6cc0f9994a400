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

/// Spawns aggregate actors by stream id and keeps the most recently used ones alive. No stream ever has two: commands
/// that come while its actor retires wait until it has ended, and go to the next one.
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
    std::optional<std::list<stream_id>::iterator> use; ///< none: it was told to retire
    std::vector<command_work> waiting;                 ///< for the one that comes after it
  };

  void take(const command_work& work);
  void retire_oldest();
  void ended(const stream_id& stream);

  directory_actor::pointer self_;
  std::shared_ptr<const aggregate_setup> setup_;
  std::unordered_map<stream_id, entry> live_;
  std::list<stream_id> by_use_; ///< of those that do not retire, the most recently used first
};

} // namespace skald::actors
