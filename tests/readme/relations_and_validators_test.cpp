// The code of docs/guide/relations_and_validators.md.

#include <skald/actors/node.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

struct post_created {
  std::string author;
};
struct seat_taken {};
BOOST_DESCRIBE_STRUCT(post_created, (), (author))
BOOST_DESCRIBE_STRUCT(seat_taken, (), ())
using guide_events = skald::events<skald::event<"post:created", post_created>, skald::event<"seat:taken", seat_taken>>;

} // namespace

TEST_CASE("the relations of the guide follow from events, and its streams are read by their key") {
  skald::node node{{.store = "memory:"}};
  node.events<guide_events>();
  node.relations_from<post_created>([](const post_created& e, const skald::record& r) {
    return std::vector{skald::relation_change::insert(skald::relation_key{"posts of " + e.author}, r.stream)};
  });
  const auto status = node.run([&]() -> skald::task<void> {
    for (const auto* name : {"post-1", "post-2"}) {
      std::vector events{skald::new_event{"post:created", R"({"author":"ada"})"}};
      const skald::append_request request{skald::stream_id{name}, skald::expected_revision::any(), std::move(events)};
      co_await node.append(request);
    }
    const skald::streams_query query{std::vector{skald::relation_key{"posts of ada"}}};
    const skald::page posts = co_await node.read(query);
    CHECK(posts.records.size() == 2);
  });
  CHECK(status == 0);
}

TEST_CASE("the validator of the guide refuses the seat behind the last one") {
  skald::node node{{.store = "memory:"}};
  node.events<guide_events>();
  node.validate<seat_taken>([](const seat_taken&, skald::validation& of) -> skald::result<void> {
    const auto taken = of.revision_of(of.stream());
    if (!taken) return taken.error();
    if (taken->value >= 40) return skald::error{skald::errc::rejected, "the room is full"};
    return {};
  });
  std::string refusal;
  int taken = 0;
  const auto status = node.run([&]() -> skald::task<void> {
    try {
      for (; taken < 50; ++taken) {
        std::vector events{skald::new_event{"seat:taken", "{}"}};
        const skald::append_request request{skald::stream_id{"room"}, skald::expected_revision::any(),
                                            std::move(events)};
        co_await node.append(request);
      }
    } catch (const skald::failure& f) {
      refusal = f.what();
    }
  });
  CHECK(status == 0);
  CHECK(taken == 40);
  CHECK(refusal.ends_with("the room is full"));
}

TEST_CASE("the command of the guide gets its first receipt and answer again") {
  skald::node node{{.store = "memory:"}};
  node.events<guide_events>();
  const auto send = [&]() -> skald::task<skald::receipt> {
    skald::new_event event{"post:created", R"({"author":"ada"})"};
    skald::append_request request{skald::stream_id{"post-1"}, skald::expected_revision::any(), {std::move(event)}};
    request.command = skald::command_id{"order 4711"};
    request.answer = R"({"number":4711})";
    const skald::receipt receipt = co_await node.append(request);
    co_return receipt;
  };
  const auto status = node.run([&]() -> skald::task<void> {
    const auto first = co_await send();
    const auto again = co_await send();
    CHECK(first == again);
    CHECK(again.answer == R"({"number":4711})");
    CHECK((co_await node.head()) == skald::position{1});
  });
  CHECK(status == 0);
}
