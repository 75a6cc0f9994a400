#pragma once

#include <skald/actors/interfaces.hpp>

namespace skald::actors {

/// Reads from the store, on a thread of its own. Reads never wait for commits, and never block CAF's or Asio's threads.
class reader_behavior {
public:
  static constexpr const char* name = "skald.reader";

  reader_behavior(reader_actor::pointer, const event_store& store) : store_{store} {}

  reader_actor::behavior_type make_behavior() {
    return {[this](const read_work& work) { (*work.run)(store_); }};
  }

private:
  const event_store& store_;
};

} // namespace skald::actors
