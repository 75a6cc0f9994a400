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
  std::optional<error> reported;
  for (;;) {
    timer.expires_after(options.poll);
    co_await timer.async_wait(asio::use_awaitable);
    const auto others = co_await actors::await_promise<std::optional<position>>(ask);
    if (others && *others && !unannounced) unannounced = *others;
    result<void> looked;
    if (others)
      looked = co_await announce_others();
    else
      looked = others.error();
    if (looked) {
      reported.reset();
      continue;
    }
    if (looked.error().code == errc::broken_promise) co_return; // the node ends
    if (!std::exchange(reported, looked.error())) mention(looked.error(), nullptr);
  }
}

/// Announces the records after `unannounced`, page by page.
task<result<void>> node::impl::announce_others() {
  while (unannounced) {
    auto read_page = [this, next = all_query{}.after(*unannounced)](actors::promise<page> answer) {
      client->read<page>([next](const event_store& s) { return s.read(next); }, std::move(answer));
    };
    const auto next = co_await actors::await_promise<page>(read_page);
    if (!next) co_return next.error();
    auto changed = std::make_shared<changed_streams>();
    for (const auto& r : next->records) changed->emplace_back(r.stream, r.revision);
    for (const auto& d : directories) d->send(actors::streams_changed{changed});
    if (!next->records.empty()) unannounced = next->records.back().position;
    for (const auto& p : projections) p->send(actors::committed{*unannounced});
    if (!next->more) unannounced.reset();
  }
  co_return result<void>{};
}

} // namespace skald
