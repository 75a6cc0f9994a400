#pragma once

#include <skald/actors/interfaces.hpp>
#include <skald/actors/store_client.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace skald::actors {

/// The setup that all aggregates of one type share.
struct aggregate_setup {
  aggregate_factory make = nullptr;
  std::shared_ptr<const store_client> store;
  std::size_t max_live = 0; ///< actors of this type; beyond, the least recently used one ends
  snapshot_every every{};
  std::function<void(const error&)> on_error; ///< called, on any thread, if a snapshot cannot be saved
};

/// Drives the pipeline of one stream: loads the stream, sends the appends, and passes the answers on.
class aggregate_behavior {
public:
  static constexpr const char* name = "skald.aggregate";

  aggregate_behavior(aggregate_actor::pointer self, stream_id stream, std::shared_ptr<const aggregate_setup> setup)
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

} // namespace skald::actors
