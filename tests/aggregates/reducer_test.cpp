#include <skald/aggregates/reducer.hpp>

#include <skald/store/memory_store.hpp>

#include <doctest/doctest.h>
#include <tests/accounts.hpp>
#include <tests/store/printing.hpp>

using namespace accounts;
using namespace skald;

namespace {

struct totals {
  std::int64_t cents = 0;
  int movements = 0;
};
BOOST_DESCRIBE_STRUCT(totals, (), (cents, movements))

auto make_totals() {
  return make_reducer<account_events, totals>(
    "totals",
    [](totals& t, const deposited& e) {
      t.cents += e.cents;
      ++t.movements;
    },
    [](totals& t, const withdrawn& e) {
      t.cents -= e.cents;
      ++t.movements;
    });
}

void append(event_store& store, const char* stream, const char* type, const char* data) {
  REQUIRE(store.append(append_request{stream_id{stream}, expected_revision::any(), {new_event{type, data}}}));
}

} // namespace

TEST_CASE("a reducer folds the events of a stream in their order and ignores types without a step") {
  const auto store = open_memory_store();
  append(*store, "a", "account:opened", R"({"owner":"Ada"})");
  append(*store, "a", "account:deposited", R"({"cents":100})");
  append(*store, "b", "account:deposited", R"({"cents":1000})");
  append(*store, "a", "account:withdrawn", R"({"cents":30})");
  const auto state = make_totals().reduce(*store, stream_query{stream_id{"a"}});
  REQUIRE(state);
  REQUIRE(state->has_value());
  CHECK((*state)->cents == 70);
  CHECK((*state)->movements == 2);
}

TEST_CASE("a reducer folds the whole store, or a part of it") {
  const auto store = open_memory_store();
  for (int i = 0; i < 10; ++i) append(*store, i % 2 ? "a" : "b", "account:deposited", R"({"cents":1})");
  CHECK(make_totals().reduce(*store, all_query{}).value()->cents == 10);
  CHECK(make_totals().reduce(*store, all_query{}.after(position{7})).value()->cents == 3);
}

TEST_CASE("a reducer of an unknown stream has no state") {
  const auto store = open_memory_store();
  append(*store, "a", "account:opened", R"({"owner":"Ada"})");
  CHECK_FALSE(make_totals().reduce(*store, stream_query{stream_id{"nobody"}}).value().has_value());
  CHECK_FALSE(make_totals().reduce(*store, stream_query{stream_id{"a"}}).value().has_value()); // no type with a step
}

TEST_CASE("a reducer knows the types that it has steps for") {
  CHECK(decltype(make_totals())::types() == std::vector<std::string>{"account:deposited", "account:withdrawn"});
}

TEST_CASE("an event that does not fit ends the fold with an error") {
  const auto store = open_memory_store();
  append(*store, "a", "account:deposited", R"({"cents":1.5})");
  append(*store, "a", "account:deposited", R"({"cents":1})");
  const auto state = make_totals().reduce(*store, stream_query{stream_id{"a"}});
  REQUIRE_FALSE(state);
  CHECK(state.error().code == errc::invalid_event);
}
