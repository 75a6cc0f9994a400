#include "../commands.hpp"
#include "session.hpp"

#include <malloc.h>

#include <csignal>
#include <functional>
#include <thread>

namespace tools {

namespace {

/// glibc keeps freed blocks of up to 32 MiB once there was one, for each thread: here lines and pages come and go on
/// several.
void give_back_long_blocks() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

} // namespace

int run_pipe(const common_options& common, console& at) {
  give_back_long_blocks();
  const signal_stop signals{at.stop}; // a terminal that is closed too, of which the node does not hear
  skald::node node{{.store = common.store, .verify_reads = true, .accept_unknown_types = true}};
  const auto session = std::make_shared<pipe_session>(node, at.out, [&] { at.stop.stop(SIGPIPE); });
  std::exception_ptr unreadable;
  std::thread reader;
  const auto read_lines = [&] {
    try {
      line_reader lines{at.in, "standard input", at.stop};
      while (const auto line = lines.next()) session->take(*line);
    } catch (...) {
      unreadable = std::current_exception();
    }
    session->end();
  };
  const std::function<void()> stop = [&] { at.stop.stop(SIGINT); };
  const auto main = [&]() -> skald::task<void> {
    reader = std::thread{read_lines};
    auto answering = session->run(stop);
    co_await std::move(answering);
  };
  const int status = node.run(main);
  if (reader.joinable()) reader.join();
  session->finish();
  if (unreadable) std::rethrow_exception(unreadable);
  return status == 0 && at.stop.stopped() ? at.stop.status() : status;
}

} // namespace tools
