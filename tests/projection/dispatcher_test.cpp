#include <skald/projection/dispatcher.hpp>

#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace skald;

namespace {

using kinds = std::vector<dispatcher::handler_info>;

/// Builds pages of records whose positions go on.
class event_log {
public:
  event_log& add(const char* stream, const char* type = "t", bool hydrated = false) {
    record r;
    r.stream = stream_id{stream};
    r.type = type;
    r.position = position{++head_};
    r.hydrated = hydrated;
    next_.records.push_back(std::move(r));
    return *this;
  }

  std::shared_ptr<const page> take() { return std::make_shared<const page>(std::exchange(next_, {})); }

private:
  page next_;
  std::uint64_t head_ = 0;
};

/// Positions that were handed to a handler, in runs.
using runs = std::vector<std::vector<std::uint64_t>>;

runs positions_of(const assignment& a) {
  runs out;
  for (const auto& run : a.runs) {
    out.emplace_back();
    for (const auto& item : run.items) out.back().push_back(a.records->records[item.index].position.value);
  }
  return out;
}

ticket ticket_of(const std::vector<assignment>& all, std::size_t handler, std::uint64_t where) {
  for (const auto& a : all)
    for (const auto& run : a.runs)
      for (const auto& item : run.items)
        if (a.handler == handler && a.records->records[item.index].position.value == where) return item.ticket;
  FAIL("handler " << handler << " was not handed position " << where);
  return 0;
}

} // namespace

TEST_CASE("streams go side by side, the records of one stream as one run where one handler wants them") {
  dispatcher d{{{"on:t", handler_kind::on, "t"}}, {}};
  d.offer(event_log{}.add("a").add("b").add("a").add("b").take());
  const auto ready = d.take_ready();
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].delivery == delivery::fresh);
  CHECK(positions_of(ready[0]) == runs{{1, 3}, {2, 4}});
  CHECK(d.take_ready().empty());
}

TEST_CASE("a stream's next record waits until all handlers of the one before are done") {
  dispatcher d{{{"on:t", handler_kind::on, "t"}, {"all:t", handler_kind::all, "t"}}, {}};
  d.offer(event_log{}.add("a").add("a").take());
  const auto first = d.take_ready();
  REQUIRE(first.size() == 2);
  d.done(0, ticket_of(first, 0, 1));
  CHECK(d.take_ready().empty());
  d.done(1, ticket_of(first, 1, 1));
  const auto second = d.take_ready();
  REQUIRE(second.size() == 2);
  CHECK(positions_of(second[0]) == runs{{2}});
  CHECK(d.handled() == position{1});
}

TEST_CASE("a run ends where another handler wants the record too") {
  dispatcher d{{{"on:t", handler_kind::on, "t"}, {"on:u", handler_kind::on, "u"}, {"on:u", handler_kind::on, "u"}}, {}};
  d.offer(event_log{}.add("a").add("a").add("a", "u").add("a").take());
  const auto first = d.take_ready();
  REQUIRE(first.size() == 1);
  CHECK(positions_of(first[0]) == runs{{1, 2}});
  d.done(0, ticket_of(first, 0, 1));
  CHECK(d.take_ready().empty());
  d.done(0, ticket_of(first, 0, 2));
  CHECK(d.take_ready().size() == 2);
}

TEST_CASE("each kind of handler is handed what the table says") {
  const kinds all{
    {"once:t", handler_kind::once, "t"}, {"on:t", handler_kind::on, "t"}, {"all:t", handler_kind::all, "t"}};
  checkpoint start;
  start.fresh_from = position{1};
  dispatcher d{all, start};
  d.offer(event_log{}.add("history").add("fresh").add("hydrated", "t", true).take());
  std::map<std::string, std::set<std::size_t>> handlers;
  for (const auto& a : d.take_ready())
    for (const auto& run : a.runs) {
      const auto& r = a.records->records[run.items[0].index];
      handlers[r.stream.str() + " as " + std::string{to_string(a.delivery)}].insert(a.handler);
    }
  CHECK(handlers == std::map<std::string, std::set<std::size_t>>{{"history as hydrated", {1, 2}},
                                                                 {"fresh as fresh", {0, 1, 2}},
                                                                 {"hydrated as hydrated", {1, 2}}});
}

TEST_CASE("the checkpoint is where everything before is handled, also by nobody") {
  dispatcher d{{{"on:t", handler_kind::on, "t"}}, {}};
  d.offer(event_log{}.add("x", "unwanted").add("a").add("x", "unwanted").add("b").add("x", "unwanted").take());
  CHECK(d.handled() == position{1});
  const auto ready = d.take_ready();
  d.done(0, ticket_of(ready, 0, 4)); // out of order
  CHECK(d.handled() == position{1});
  d.done(0, ticket_of(ready, 0, 2));
  CHECK(d.handled() == position{5});
  CHECK(d.window_records() == 0);
  CHECK(d.window_bytes() == 0);
  CHECK(d.running() == 0);
}

TEST_CASE("what a once handler finished above the checkpoint is remembered, and skipped after a restart") {
  const kinds once{{"once:t", handler_kind::once, "t"}, {"on:t", handler_kind::on, "t"}};
  event_log l;
  dispatcher d{once, {}};
  d.offer(l.add("a").add("b").take());
  const auto ready = d.take_ready();
  d.done(0, ticket_of(ready, 0, 2));
  const auto update = d.take_update("p");
  REQUIRE(update);
  CHECK(update->projection == "p");
  CHECK(update->handled == position{});
  CHECK(update->completions == std::vector{completion{position{2}, "once:t"}});
  CHECK_FALSE(d.take_update("p"));

  dispatcher again{once, checkpoint{update->handled, {}, update->completions}};
  again.offer(event_log{}.add("a").add("b").take());
  std::size_t deliveries = 0;
  for (const auto& a : again.take_ready())
    for (const auto& run : positions_of(a)) {
      ++deliveries;
      CHECK_FALSE((a.handler == 0 && run == std::vector<std::uint64_t>{2}));
    }
  CHECK(deliveries == 3);
}

TEST_CASE("a completion that the checkpoint has passed is not written") {
  dispatcher d{{{"once:t", handler_kind::once, "t"}}, {}};
  d.offer(event_log{}.add("a").take());
  d.done(0, ticket_of(d.take_ready(), 0, 1));
  const auto update = d.take_update("p");
  REQUIRE(update);
  CHECK(update->handled == position{1});
  CHECK(update->completions.empty());
}

TEST_CASE("one record that does not end holds what was offered behind it in the window, and lets go of it all") {
  dispatcher d{{{"on:t", handler_kind::on, "t"}}, {}};
  event_log l;
  d.offer(l.add("stuck").take());
  const auto stuck = d.take_ready();
  for (int page = 0; page < 10; ++page) {
    d.offer(l.add("a").add("b").take());
    for (const auto& a : d.take_ready())
      for (const auto& run : a.runs) d.done(a.handler, run.items[0].ticket);
  }
  CHECK(d.window_records() == 21);
  CHECK(d.window_bytes() >= 21 * sizeof(record));
  d.done(0, ticket_of(stuck, 0, 1));
  CHECK(d.window_records() == 0);
  CHECK(d.window_bytes() == 0);
}

TEST_CASE("after a failure nothing starts, what runs may end, and the checkpoint stays in front of the record") {
  dispatcher d{{{"on:t", handler_kind::on, "t"}}, {}};
  d.offer(event_log{}.add("a").add("b").add("c").take());
  const auto ready = d.take_ready();
  d.done(0, ticket_of(ready, 0, 1));
  CHECK(d.record_of(ticket_of(ready, 0, 2))->stream == stream_id{"b"});
  d.failed(0, ticket_of(ready, 0, 2));
  d.done(0, ticket_of(ready, 0, 3));
  CHECK(d.running() == 0);
  CHECK(d.handled() == position{1});
  CHECK(d.take_ready().empty());
}

TEST_CASE("random completions: each stream in order, everything once per handler, and the checkpoint never lies") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    dispatcher d{{{"on:t", handler_kind::on, "t"}, {"all:t", handler_kind::all, "t"}, {"on:u", handler_kind::on, "u"}},
                 {}};
    struct open {
      std::size_t handler;
      ticket which;
      const record* r;
    };
    std::vector<std::vector<open>> running; // runs, whose items end in order
    std::map<std::pair<std::size_t, std::string>, std::uint64_t> last;
    std::map<std::uint64_t, int> owed;
    std::vector<std::shared_ptr<const page>> pages;
    event_log l;
    std::uint64_t head = 0;
    const auto start_ready = [&] {
      for (const auto& a : d.take_ready())
        for (const auto& run : a.runs) {
          running.emplace_back();
          for (const auto& item : run.items) {
            const auto& r = a.records->records[item.index];
            auto& before = last[{a.handler, r.stream.str()}];
            CHECK(before < r.position.value);
            before = r.position.value;
            running.back().push_back({a.handler, item.ticket, &r});
          }
        }
    };
    for (int step = 0; step < 300; ++step) {
      if (step < 200 && random() % 4 == 0) {
        for (unsigned i = random() % 6 + 1; i != 0; --i) {
          const char* types[] = {"t", "u", "unwanted"};
          const auto type = random() % 3;
          l.add(std::string(1, static_cast<char>('a' + random() % 4)).c_str(), types[type]);
          owed[++head] = type == 0 ? 2 : type == 1 ? 1 : 0;
        }
        pages.push_back(l.take());
        d.offer(pages.back());
      }
      start_ready();
      while (!running.empty() && (step >= 200 || random() % 2 == 0)) {
        const auto i = random() % running.size();
        const auto ended = running[i].front();
        running[i].erase(running[i].begin());
        if (running[i].empty()) running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
        --owed[ended.r->position.value];
        d.done(ended.handler, ended.which);
        start_ready();
      }
      std::uint64_t true_checkpoint = 0;
      while (true_checkpoint < head && owed[true_checkpoint + 1] == 0) ++true_checkpoint;
      CHECK(d.handled().value == true_checkpoint);
    }
    CHECK(d.handled().value == head);
    CHECK(d.window_records() == 0);
    CHECK(d.window_bytes() == 0);
  }
}
