#include <skald/actors/interfaces.hpp>

void deliver(const skald::actors::on_handler_actor& on, const skald::actors::all_handler_actor& all) {
  skald::actors::send(on, skald::actors::hydrated{});
  skald::actors::send(all, skald::actors::outdated{});
#ifdef REJECTED
  skald::actors::send(on, skald::actors::outdated{});
#endif
}
