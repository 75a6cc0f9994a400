#pragma once

#include <skald/actors/aggregates.hpp>
#include <skald/actors/gate.hpp>
#include <skald/actors/interfaces.hpp>
#include <skald/actors/link.hpp>

#include <memory>

/// Not for users, and not installed.
namespace skald::actors {

/// Sends commands to the directory of one aggregate type in this process. A gate limits how many are under way.
class local_command_door final : public skald::detail::command_door,
                                 public std::enable_shared_from_this<local_command_door> {
public:
  local_command_door(std::shared_ptr<gate> commands, std::shared_ptr<link<directory_actor>> directory)
    : gate_{std::move(commands)}, directory_{std::move(directory)} {}

  task<receipt> execute(stream_id stream, decision decide) override;

private:
  static task<receipt> execute(std::shared_ptr<local_command_door> self, stream_id stream, decision decide);

  std::shared_ptr<gate> gate_;
  std::shared_ptr<link<directory_actor>> directory_;
};

} // namespace skald::actors
