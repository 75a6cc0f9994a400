#include <skald/actors/interfaces.hpp>

namespace skald::actors {

error to_error(caf::actor_system& system, const caf::error& why) {
  if (why == caf::sec::request_receiver_down)
    return {errc::broken_promise, "the actor that was asked has ended", outcome::unknown};
  return {errc::rejected, "the actor answered with an error: " + render(system, why)};
}

} // namespace skald::actors
