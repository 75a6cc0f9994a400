#pragma once

#include <skald/actors/caf.hpp>
#include <skald/actors/messages.hpp>

#include <mutex>
#include <optional>
#include <shared_mutex>

namespace skald {

class node;

/// The typed interfaces of skald's actors, for people who write actors of their own. The one public header, with
/// `ask.hpp` and the `caf.hpp` it rests on, that includes CAF (`tests/headers`).
namespace actors {

using store_actor =
  typed_actor<caf::result<void>(append_work), caf::result<void>(flush), caf::result<void>(hydrate_work),
              caf::result<void>(write_work), caf::result<void>(snapshot_work)>;

using reader_actor = typed_actor<caf::result<void>(read_work)>;

using aggregate_actor = typed_actor<caf::result<void>(command_work), caf::result<void>(stream_changed),
                                    caf::result<void>(retire), caf::result<void>(resume)>;

/// Spawns the aggregates of one type by stream id and hands them their commands.
using directory_actor = typed_actor<caf::result<void>(command_work), caf::result<void>(streams_changed)>;

using projector_actor =
  typed_actor<caf::result<void>(begin), caf::result<void>(committed), caf::result<void>(handled),
              caf::result<void>(reach), caf::result<void>(replay), caf::result<void>(halt), caf::result<void>(resume)>;

// A handler's interface lists what it may get and nothing else, so that a wrong delivery does not compile.
using once_handler_actor = typed_actor<caf::result<void>(fresh)>;
using on_handler_actor = typed_actor<caf::result<void>(fresh), caf::result<void>(hydrated)>;
using all_handler_actor =
  typed_actor<caf::result<void>(fresh), caf::result<void>(hydrated), caf::result<void>(outdated)>;

/// The interface of each kind of handler.
template <handler_kind Kind>
using handler_actor_of =
  std::conditional_t<Kind == handler_kind::once, once_handler_actor,
                     std::conditional_t<Kind == handler_kind::on, on_handler_actor, all_handler_actor>>;

/// The message type of each kind of delivery.
template <delivery How>
using delivery_message =
  std::conditional_t<How == delivery::fresh, fresh, std::conditional_t<How == delivery::hydrated, hydrated, outdated>>;

/// A handle that may outlive its actor and its actor system: once cut, what is sent is destroyed. Safe to use from
/// several threads.
template <class Handle>
class link {
public:
  link() = default; ///< to nobody, until `attach`
  explicit link(Handle handle) : handle_{std::move(handle)} {}

  void attach(Handle handle) {
    const std::unique_lock lock{mutex_};
    handle_.emplace(std::move(handle));
  }

  /// False where there is nobody.
  template <class Message>
  bool send(Message message) const {
    const std::shared_lock lock{mutex_};
    if (handle_) actors::send(*handle_, std::move(message));
    return handle_.has_value();
  }

  void cut() {
    const std::unique_lock lock{mutex_};
    handle_.reset();
  }

  /// Asks the actor to end, and cuts.
  void end() {
    const std::unique_lock lock{mutex_};
    if (handle_) send_exit(*handle_);
    handle_.reset();
  }

private:
  mutable std::shared_mutex mutex_;
  std::optional<Handle> handle_;
};

/// An answer that goes on inside the actor `to`: `then(result<T>)` runs in its context, and never where it has ended.
template <class T, class Handle, class Then>
promise<T> answer_inside(const Handle& to, Then then) {
  return promise<T>{[to, then = std::move(then)](result<T> answer) {
    auto run = [then, answer = std::move(answer)]() mutable { then(std::move(answer)); };
    actors::send(to, resume{std::make_shared<std::function<void()>>(std::move(run))});
  }};
}

/// The actor system of a node, to spawn actors of one's own on. They have to end before the node does.
caf::actor_system& actor_system_of(node& n);

} // namespace actors
} // namespace skald

CAF_BEGIN_TYPE_ID_BLOCK(skald, first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(skald, (skald::actors::resume))
CAF_ADD_TYPE_ID(skald, (skald::actors::append_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::flush))
CAF_ADD_TYPE_ID(skald, (skald::actors::hydrate_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::write_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::read_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::committed))
CAF_ADD_TYPE_ID(skald, (skald::actors::command_work))
CAF_ADD_TYPE_ID(skald, (skald::actors::streams_changed))
CAF_ADD_TYPE_ID(skald, (skald::actors::retire))
CAF_ADD_TYPE_ID(skald, (skald::actors::fresh))
CAF_ADD_TYPE_ID(skald, (skald::actors::hydrated))
CAF_ADD_TYPE_ID(skald, (skald::actors::outdated))
CAF_ADD_TYPE_ID(skald, (skald::actors::begin))
CAF_ADD_TYPE_ID(skald, (skald::actors::handled))
CAF_ADD_TYPE_ID(skald, (skald::actors::reach))
CAF_ADD_TYPE_ID(skald, (skald::actors::replay))
CAF_ADD_TYPE_ID(skald, (skald::actors::halt))
CAF_ADD_TYPE_ID(skald, (skald::actors::stream_changed))
CAF_ADD_TYPE_ID(skald, (skald::actors::snapshot_work))
CAF_END_TYPE_ID_BLOCK(skald)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::resume)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::append_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::hydrate_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::write_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::read_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::command_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::streams_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::retire)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::fresh)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::hydrated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::outdated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::handled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::reach)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::replay)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::halt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::stream_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(skald::actors::snapshot_work)
