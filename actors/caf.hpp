#pragma once

// The one header that depends on the version of CAF. All other code is written for CAF 1.x; this header makes that work
// on 0.17.6, which the distributions ship. It tests for features where it can, else for the version.

#include <caf/all.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>

// CAF_VERSION is octal in 1.1.0 and cannot be compared; CAF_VERSION_MAJOR exists since 1.0.
#if !defined(CAF_VERSION_MAJOR) && CAF_VERSION < 1800
#define SKALD_CAF_017 1
#else
#define SKALD_CAF_017 0
#endif

namespace skald::actors {

/// Statically typed handles, written as in CAF 1.x: `typed_actor<caf::result<R>(A...)>`.
#if SKALD_CAF_017
namespace detail {

template <class>
struct signature;
template <class... Rs, class... As>
struct signature<caf::result<Rs...>(As...)> {
  using type = typename caf::replies_to<As...>::template with<Rs...>;
};

} // namespace detail

template <class... Fs>
using typed_actor = caf::typed_actor<typename detail::signature<Fs>::type...>;
#else
template <class... Fs>
using typed_actor = caf::typed_actor<Fs...>;
#endif

/// The message of an error.
inline std::string render(caf::actor_system& system, const caf::error& e) {
#if SKALD_CAF_017
  return system.render(e);
#else
  static_cast<void>(system);
  return to_string(e);
#endif
}

/// Sends a message, from any thread. If the actor has ended, the message is destroyed, and so is what it holds.
template <class Handle, class... Ts>
void send(const Handle& to, Ts&&... xs) {
#if SKALD_CAF_017
  caf::anon_send(to, std::forward<Ts>(xs)...);
#else
  caf::anon_mail(std::forward<Ts>(xs)...).send(to);
#endif
}

/// Sends a message from `self` after `delay`. It cannot be called off.
template <class Self, class Handle, class Message>
void send_after(Self* self, const Handle& to, caf::timespan delay, Message message) {
#if SKALD_CAF_017
  self->delayed_send(to, delay, std::move(message));
#else
  self->mail(std::move(message)).delay(delay).send(to);
#endif
}

/// Sends a request from `self`, without a timeout. Calls `got(R&)` or `failed(caf::error&)` in the context of `self`.
template <class Self, class Handle, class Got, class Failed, class... Ts>
void request(Self* self, const Handle& to, Got got, Failed failed, Ts&&... xs) {
#if SKALD_CAF_017
  self->request(to, caf::infinite, std::forward<Ts>(xs)...).then(std::move(got), std::move(failed));
#else
  self->mail(std::forward<Ts>(xs)...).request(to, caf::infinite).then(std::move(got), std::move(failed));
#endif
}

/// Ends an actor before it handles the messages in its mailbox. They are destroyed.
template <class Handle>
void send_exit(const Handle& to) {
  caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
}

namespace detail {

/// The callbacks of `monitor`.
struct monitor_host {
  std::unordered_map<caf::actor_addr, std::function<void()>> watched;
  bool installed = false;
};

/// An actor made from a behavior class, with `Behavior(pointer self, args...)` and `Behavior::make_behavior()`.
///
/// The behavior is destroyed when the actor ends, not when the last handle goes: the promises it holds answer in time.
template <class Behavior, class Base>
class shell : public Base, public monitor_host {
public:
  template <class... Ts>
  explicit shell(caf::actor_config& config, Ts&&... xs) : Base(config) {
    new (&behavior_) Behavior(this, std::forward<Ts>(xs)...);
  }
  ~shell() override {}
  shell(const shell&) = delete;
  shell& operator=(const shell&) = delete;

  typename Base::behavior_type make_behavior() override { return behavior_.make_behavior(); }

  void on_exit() override {
    watched.clear();
    behavior_.~Behavior();
  }

  const char* name() const override { return Behavior::name; }

private:
  union {
    Behavior behavior_;
  };
};

template <class>
struct base_of;
template <>
struct base_of<caf::behavior> {
  using type = caf::event_based_actor;
};
template <class... Signatures>
struct base_of<caf::typed_behavior<Signatures...>> {
  using type = caf::typed_event_based_actor<Signatures...>;
};

template <class Behavior>
using shell_of = shell<Behavior, typename base_of<decltype(std::declval<Behavior&>().make_behavior())>::type>;

} // namespace detail

/// Spawns the actor of a behavior class. `where` is an actor system or another actor.
template <class Behavior, caf::spawn_options Options = caf::no_spawn_options, class Spawner, class... Ts>
auto spawn(Spawner& where, Ts&&... xs) {
#if SKALD_CAF_017
  // A thread that spawns on a system keeps its logger alive, and the end of the system would wait for that.
  struct let_go { // NOLINT(cppcoreguidelines-special-member-functions)
    ~let_go() {
      if constexpr (std::same_as<Spawner, caf::actor_system>) caf::logger::set_current_actor_system(nullptr);
    }
  } at_return;
#endif
  return where.template spawn<detail::shell_of<Behavior>, Options>(std::forward<Ts>(xs)...);
}

/// Calls `gone` in the context of `self` when `whom` has ended. A second call for the same actor replaces the first.
/// Precondition: `self` was spawned by `spawn` above.
template <class Self, class Handle>
void monitor(Self* self, const Handle& whom, std::function<void()> gone) {
  auto* host = dynamic_cast<detail::monitor_host*>(self);
  if (!host->installed) {
    host->installed = true;
    self->set_down_handler([host](caf::down_msg& down) {
      if (const auto watched = host->watched.extract(down.source)) watched.mapped()();
    });
  }
  host->watched.insert_or_assign(whom.address(), std::move(gone));
  self->monitor(whom);
}

/// The configuration of an actor system, with the message types of `Block`.
template <class Block>
class config {
public:
  explicit config(std::size_t threads) {
#if SKALD_CAF_017
    config_.template add_message_types<Block>();
    config_.set("scheduler.max-threads", threads);
    // Idle workers of the work-stealing policy poll with growing pauses. Those that share a queue are woken at once.
    config_.set("scheduler.policy", caf::atom("sharing"));
#else
    config_.set("caf.scheduler.max-threads", threads);
    config_.set("caf.scheduler.policy", "sharing");
#endif
  }
  operator caf::actor_system_config&() { return config_; }

private:
  struct registration { // from 0.18 on, types are registered before the configuration is made
    registration() {
#if !SKALD_CAF_017
      caf::init_global_meta_objects<Block>();
      caf::core::init_global_meta_objects();
#endif
    }
  };
  registration registration_;
  caf::actor_system_config config_;
};

} // namespace skald::actors
