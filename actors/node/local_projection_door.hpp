#pragma once

#include <skald/actors/interfaces.hpp>
#include <skald/actors/link.hpp>
#include <skald/actors/projector.hpp>
#include <skald/actors/store_client.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::actors {

/// One projection of this process: collects its handlers, then spawns its actor and sends it messages.
class local_projection_door final : public skald::detail::projection_door,
                                    public std::enable_shared_from_this<local_projection_door> {
public:
  local_projection_door(std::string name, projector_options options, std::shared_ptr<const catalog> types)
    : name_{std::move(name)}, options_{options}, types_{std::move(types)} {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const catalog& types() const override { return *types_; }

  void add(handler h) override;

  void spawn(caf::actor_system& system, std::shared_ptr<const store_client> store,
             boost::asio::any_io_executor executor, std::function<void(const error&, const record*)> on_error);

  template <class Message>
  bool send(Message message) const {
    return actor_.send(std::move(message));
  }

  void end() { actor_.end(); }

  task<void> reached(position target, std::chrono::milliseconds patience) override;
  task<void> replay(position from, std::function<void()> reset) override;

private:
  std::string name_;
  projector_options options_;
  std::shared_ptr<const catalog> types_;
  std::vector<handler> handlers_;
  bool started_ = false;
  link<projector_actor> actor_; // leads nowhere before and after it runs
};

} // namespace skald::actors
