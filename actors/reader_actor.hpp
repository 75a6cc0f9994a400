#pragma once

#include <skald/actors/interfaces.hpp>

namespace skald::actors {

/// Reads on a thread of its own, so that reads wait neither for commits nor on threads of CAF or Asio.
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
