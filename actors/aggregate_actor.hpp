#pragma once

#include <skald/actors/interfaces.hpp>
#include <skald/actors/store_actor.hpp>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace skald::actors {

/// What all aggregates of one type share.
struct aggregate_setup {
  aggregate_factory make = nullptr;
  std::shared_ptr<const store_client> store;
  std::size_t max_live = 0; ///< actors of this type; beyond, the one that was idle longest ends
  snapshot_every every{};
  std::function<void(const error&)> on_error; ///< told of snapshots that cannot be kept, on any thread
};

/// Drives the pipeline of one stream: reads and appends for it, and hands it the answers.
class aggregate_state {
public:
  static constexpr const char* name = "skald.aggregate";

  aggregate_state(aggregate_actor::pointer self, stream_id stream, std::shared_ptr<const aggregate_setup> setup)
    : self_{self}, stream_{stream}, setup_{std::move(setup)},
      pipeline_{std::move(stream), setup_->make, setup_->every} {}

  aggregate_actor::behavior_type make_behavior();

private:
  void drive();
  void begin_load(const pipeline::load_action& action);
  void load(stream_query query);
  void keep(const snapshot_source& copy);

  aggregate_actor::pointer self_;
  stream_id stream_;
  std::shared_ptr<const aggregate_setup> setup_;
  pipeline pipeline_;
  bool retiring_ = false;
};

/// Spawns aggregate actors by stream id and keeps the most recently used ones alive. No stream ever has two: commands
/// that come while its actor retires wait until it has ended, and go to the next one.
class directory_state {
public:
  static constexpr const char* name = "skald.directory";

  directory_state(directory_actor::pointer self, std::shared_ptr<const aggregate_setup> setup)
    : self_{self}, setup_{std::move(setup)} {}
  ~directory_state();
  directory_state(const directory_state&) = delete;
  directory_state& operator=(const directory_state&) = delete;

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
