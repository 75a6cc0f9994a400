#include <skald/actors/node/local_command_door.hpp>

#include <utility>

namespace skald::actors {

task<receipt> local_command_door::execute(stream_id stream, decision decide) {
  return execute(shared_from_this(), std::move(stream), std::move(decide));
}

task<receipt> local_command_door::execute(std::shared_ptr<local_command_door> self, stream_id stream, decision decide) {
  if (stream.empty()) throw failure{errc::invalid_argument, "a stream id is empty: give it a name"};
  const auto pass = self->gate_->enter().value();
  auto start = [&](promise<receipt> answer) {
    using content = command_work::content;
    self->directory_->send(
      command_work{std::make_shared<content>(content{std::move(stream), std::move(decide), std::move(answer)})});
  };
  auto answer = co_await await_promise<receipt>(start);
  co_return std::move(answer).value();
}

} // namespace skald::actors
