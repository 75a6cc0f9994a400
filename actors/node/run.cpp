#include <skald/actors/node/impl.hpp>
#include <skald/store/open_store.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <exception>
#include <future>

namespace skald {

namespace asio = boost::asio;

int node::impl::run(const std::function<task<void>()>& main) {
  ran = true;
  if (!start_projections()) { // the error was reported
    shut_down();
    return 1;
  }
  commands->open();
  for (const auto& p : projections) p->send(actors::committed{}); // handlers may send commands from here on
  if (!is_in_memory(options.store)) asio::co_spawn(context, watch(), asio::detached);

  std::promise<std::exception_ptr> ended;
  std::atomic<int> signal_number{0};
  asio::cancellation_signal cancel;
  asio::signal_set signals{context, SIGINT, SIGTERM};
  asio::post(context, [&] {
    signals.async_wait([&](const boost::system::error_code& none, int number) {
      if (none) return;
      signal_number = number;
      signals.clear(); // the next one ends the process
      stop_intake();
      cancel.emit(asio::cancellation_type::terminal);
    });
    asio::co_spawn(context, main, asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown) {
                     ended.set_value(std::move(thrown));
                   }));
  });
  const auto thrown = ended.get_future().get();
  shut_down();

  // The set is destroyed below: nothing of it may still run on the thread that serves it.
  std::promise<void> quiet;
  asio::post(context, [&] {
    signals.cancel();
    asio::post(context, [&] { quiet.set_value(); });
  });
  quiet.get_future().wait();

  if (signal_number != 0) return 128 + signal_number;
  if (!thrown) return failed ? 1 : 0;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    tell(e.what());
  } catch (...) {
    tell("main threw something that is no std::exception");
  }
  return 1;
}

} // namespace skald
