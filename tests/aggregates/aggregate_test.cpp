#include <skald/aggregates/aggregate.hpp>

#include <skald/aggregates/repository.hpp>
#include <skald/store/memory_store.hpp>

#include <doctest/doctest.h>
#include <tests/accounts.hpp>
#include <tests/store/printing.hpp>

#include <limits>
#include <optional>

using namespace accounts;
using namespace skald;

namespace {

const stream_id ada{"account-ada"};

} // namespace

TEST_CASE("an aggregate of an unknown stream is at revision 0 and knows its id") {
  const auto store = open_memory_store();
  const auto a = load<account>(*store, ada);
  REQUIRE(a);
  CHECK(a->id() == ada);
  CHECK(a->revision() == revision{});
  CHECK(a->pending().empty());
}

TEST_CASE("pushed events change the state at once, stay pending until they are saved, and are saved in their order") {
  const auto store = open_memory_store();
  auto a = load<account>(*store, ada).value();
  a.open("Ada");
  for (const int cents : {100, 20, 3}) a.deposit(cents);
  a.withdraw(120);
  CHECK(a.cents() == 3);
  CHECK(a.pending().size() == 5);
  CHECK(a.revision() == revision{5});

  const auto saved = save(*store, a);
  REQUIRE(saved);
  CHECK(a.pending().empty());
  CHECK(saved->revisions == std::vector{revision{5}});
  const auto page = store->read(stream_query{ada}).value();
  REQUIRE(page.records.size() == 5);
  CHECK(page.records.front().type == "account:opened");
  CHECK(page.records[1].data == R"({"cents":100})");
  CHECK(page.records.back().type == "account:withdrawn");

  const auto again = load<account>(*store, ada).value();
  CHECK(again.owner() == "Ada");
  CHECK(again.cents() == 3);
  CHECK(again.revision() == revision{5});
}

TEST_CASE("a second copy that saves from the same revision is refused, and succeeds when it decides anew") {
  const auto store = open_memory_store();
  auto first = load<account>(*store, ada).value();
  auto second = load<account>(*store, ada).value();
  first.open("Ada");
  second.open("Eve");
  REQUIRE(save(*store, first));

  const auto refused = save(*store, second);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::wrong_expected_revision);
  CHECK(second.pending().size() == 1); // keeps its events

  auto reloaded = load<account>(*store, ada).value();
  CHECK_THROWS_AS(reloaded.open("Eve"), rejected);
  reloaded.deposit(7);
  CHECK(save(*store, reloaded));
  CHECK(load<account>(*store, ada)->cents() == 7);
}

TEST_CASE("two aggregates are saved together or not at all") { // E.105
  const auto store = open_memory_store();
  auto a = load<account>(*store, ada).value();
  auto b = load<account>(*store, stream_id{"account-bob"}).value();
  a.open("Ada");
  a.deposit(50);
  b.open("Bob");
  const auto saved = save(*store, a, b);
  REQUIRE(saved);
  CHECK(saved->revisions == std::vector{revision{2}, revision{1}});
  CHECK(saved->last == position{3});
  CHECK((a.pending().empty() && b.pending().empty()));

  auto elsewhere = load<account>(*store, b.id()).value();
  elsewhere.deposit(1);
  REQUIRE(save(*store, elsewhere));
  a.withdraw(50);
  b.deposit(50);
  const auto refused = save(*store, a, b);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::wrong_expected_revision);
  CHECK(refused.error().conflict.stream == b.id().str());
  CHECK(a.pending().size() == 1);
  CHECK(b.pending().size() == 1);
  CHECK(load<account>(*store, ada)->cents() == 50);
  CHECK(store->head().value() == position{4});

  auto reloaded = load<account>(*store, b.id()).value();
  reloaded.deposit(50);
  CHECK(save(*store, a, reloaded));
  CHECK(load<account>(*store, ada)->cents() == 0);
  CHECK(load<account>(*store, b.id())->cents() == 51);
}

TEST_CASE("a save that is repeated because its outcome was not known repeats nothing") {
  const auto store = open_memory_store();
  auto a = load<account>(*store, ada).value();
  a.open("Ada");
  auto b = a; // has no event ids yet
  const auto request = aggregate_access::request_for(a);
  const auto lost = store->append(request); // as if the answer had got lost
  REQUIRE(lost);
  const auto repeated = save(*store, a);
  REQUIRE(repeated);
  CHECK(*repeated == *lost);
  CHECK(store->head().value() == position{1});
  CHECK_FALSE(save(*store, b));
}

TEST_CASE("a refused command leaves the aggregate as it was") {
  account a;
  a.deposit(5);
  CHECK_THROWS_WITH_AS(a.withdraw(6), "there is less on the account", rejected);
  CHECK(a.cents() == 5);
  CHECK(a.pending().size() == 1);
}

TEST_CASE("an event brings its id and its time along when it is imported") {
  const auto store = open_memory_store();
  const origin from{derive_event_id({"account-ada", "1"}), timestamp::parse("2001-02-03T04:05:06.007Z").value()};
  auto a = load<account>(*store, ada).value();
  a.deposit(5, from);
  REQUIRE(save(*store, a));
  const auto r = store->find(from.id).value();
  REQUIRE(r);
  CHECK(r->created == from.created);
}

TEST_CASE("metadata travel with their event") {
  const auto store = open_memory_store();
  auto a = load<account>(*store, ada).value();
  a.review("Eve", "all fine");
  REQUIRE(save(*store, a));
  const auto r = store->read(stream_query{ada}).value().records.front();
  CHECK(r.meta == R"({"name":"Eve"})");
  CHECK(load<account>(*store, ada)->reviews() == 1);
}

TEST_CASE("events of other types are counted in the revision and otherwise passed over") {
  const auto store = open_memory_store();
  REQUIRE(store->append(append_request{ada, expected_revision::any(), {new_event{"account:audited", "{}"}}}));
  auto a = load<account>(*store, ada).value();
  CHECK(a.revision() == revision{1});
  a.deposit(1);
  CHECK(save(*store, a));
}

TEST_CASE("a stored event that does not fit its struct is an error that names stream, revision and path") {
  const auto store = open_memory_store();
  const new_event broken{"account:deposited", R"({"cents":"many"})"};
  REQUIRE(store->append(append_request{ada, expected_revision::any(), {broken}}));
  const auto a = load<account>(*store, ada);
  REQUIRE_FALSE(a);
  CHECK(a.error().code == errc::invalid_event);
  for (const auto* part : {"'account'", "account-ada", "1", "account:deposited", "cents"})
    CHECK_MESSAGE(a.error().message.find(part) != std::string::npos, a.error().message);
}

TEST_CASE("a copy of an aggregate goes its own way") {
  account a;
  a.deposit(5);
  auto b = a;
  b.deposit(6);
  CHECK(a.cents() == 5);
  CHECK(a.pending().size() == 1);
  CHECK(b.cents() == 11);
}

namespace {

struct measured {
  double degrees = 0;
};
BOOST_DESCRIBE_STRUCT(measured, (), (degrees))

class thermometer : public aggregate<thermometer, events<event<"thermometer:measured", measured>>> {
public:
  static constexpr std::string_view name = "thermometer";
  void with(const measured& e) { last_ = e.degrees; }
  void measure(double degrees) { push(measured{degrees}); }
  std::optional<double> last_;
};

} // namespace

TEST_CASE("data that has no form in JSON cannot be pushed and changes nothing") {
  const auto store = open_memory_store();
  auto t = load<thermometer>(*store, stream_id{"thermometer-1"}).value();
  CHECK_THROWS_AS(t.measure(std::numeric_limits<double>::infinity()), failure);
  CHECK_FALSE(t.last_.has_value());
  CHECK(t.pending().empty());
  CHECK(t.revision() == revision{});
}
