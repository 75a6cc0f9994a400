#include <skald/actors/node/impl.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace skald {

namespace asio = boost::asio;

task<void> node::impl::watch() {
  asio::steady_timer timer{context};
  auto ask = [this](actors::promise<std::optional<position>> answer) {
    client->write<std::optional<position>>([](event_store& s) { return s.appended_elsewhere(); }, std::move(answer));
  };
  std::optional<error> told;
  for (;;) {
    timer.expires_after(options.poll);
    co_await timer.async_wait(asio::use_awaitable);
    const auto others = co_await actors::await_promise<std::optional<position>>(ask);
    if (others && *others && !untold) untold = *others;
    result<void> looked;
    if (others)
      looked = co_await tell_of_others();
    else
      looked = others.error();
    if (looked) {
      told.reset();
      continue;
    }
    if (looked.error().code == errc::broken_promise) co_return; // the node ends
    if (!std::exchange(told, looked.error())) mention(looked.error(), nullptr);
  }
}

/// Tells what comes after `untold`, page by page.
task<result<void>> node::impl::tell_of_others() {
  while (untold) {
    auto read_page = [this, next = all_query{}.after(*untold)](actors::promise<page> answer) {
      client->read<page>([next](const event_store& s) { return s.read(next); }, std::move(answer));
    };
    const auto next = co_await actors::await_promise<page>(read_page);
    if (!next) co_return next.error();
    auto changed = std::make_shared<changed_streams>();
    for (const auto& r : next->records) changed->emplace_back(r.stream, r.revision);
    for (const auto& d : directories) d->send(actors::streams_changed{changed});
    if (!next->records.empty()) untold = next->records.back().position;
    for (const auto& p : projections) p->send(actors::committed{*untold});
    if (!next->more) untold.reset();
  }
  co_return result<void>{};
}

} // namespace skald
