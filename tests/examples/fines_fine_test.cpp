#include <examples/fines/fine.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace fines;

created of_amount(cents amount) {
  created e;
  e.amount_cents = amount;
  return e;
}

void let_happen(fine& f, const fine_event& e) {
  std::visit([&](const auto& data) { f.happen(data); }, e);
}

} // namespace

TEST_CASE("a fine lets happen what its rules allow, and names the rule otherwise") {
  constexpr cents most = fine::most_cents;
  struct row {
    std::string name;
    std::vector<fine_event> before;
    fine_event event;
    std::string refusal; ///< empty: it may happen
  };
  const row rows[] = {
    {"a first creation", {}, of_amount(100), ""},
    {"a second creation", {of_amount(100)}, of_amount(100), "the fine was created already"},
    {"a fine of nothing", {}, of_amount(0), ""},
    {"a fine below nothing", {}, of_amount(-1), "an amount of -0.01 is less than nothing"},
    {"the largest fine", {}, of_amount(most), ""},
    {"a larger fine", {}, of_amount(most + 1), "an amount of 1,000,000,000.01 is more than 1,000,000,000.00"},
    {"sent before it was created", {}, sent{5}, "the fine was not created yet"},
    {"a negative expense", {of_amount(100)}, sent{-5}, "an expense of -0.05 is less than nothing"},
    {"expenses that add up to too much",
     {of_amount(100), sent{most}},
     sent{1},
     "a sum of expenses of 1,000,000,000.01 is more than 1,000,000,000.00"},
    {"paid before it was created", {}, paid{1, 1}, "the fine was not created yet"},
    {"a payment of all that is due", {of_amount(100), sent{20}}, paid{120, 120}, ""},
    {"a payment of more than is due",
     {of_amount(100), sent{20}, paid{50, 50}},
     paid{71, 121},
     "a payment of 0.71 is more than is due, which is 0.70"},
    {"a payment of nothing", {of_amount(100)}, paid{0, 0}, "a payment of 0.00 pays nothing"},
    {"a payment with a wrong sum so far, which is only counted", {of_amount(100)}, paid{50, 7}, ""},
    {"a penalty in place of the amount", {of_amount(100), sent{20}, paid{120, 120}}, penalty_added{200}, ""},
    {"a penalty below what was paid",
     {of_amount(100), paid{100, 100}},
     penalty_added{99},
     "a penalty of 0.99 is less than was paid already, which is 1.00"},
    {"a collection before it was created", {}, sent_to_collection{}, "the fine was not created yet"},
    {"an appeal", {of_amount(100)}, appeal_sent{"NIL"}, ""},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    fine f;
    for (const auto& e : r.before) let_happen(f, e);
    const auto due = f.due();
    std::string refusal;
    try {
      let_happen(f, r.event);
    } catch (const skald::rejected& why) {
      refusal = why.what();
    }
    CHECK(refusal == r.refusal);
    CHECK(f.pending().size() == r.before.size() + (refusal.empty() ? 1 : 0));
    if (!refusal.empty()) CHECK(f.due() == due);
  }
}

TEST_CASE("a fine knows what is due, and how often the log's running total was right") {
  fine f;
  f.happen(of_amount(1000));
  f.happen(sent{250});
  CHECK(f.due() == 1250);
  f.happen(paid{200, 200});
  CHECK(f.due() == 1050);
  f.happen(penalty_added{2000});
  CHECK(f.due() == 2050);
  f.happen(paid{2050, 2050});
  CHECK(f.due() == 0);
  CHECK(f.paid_so_far() == 2250);
  CHECK(f.payments() == 2);
  CHECK(f.agreeing_payments() == 1);
}

TEST_CASE("an event that happened elsewhere keeps its id and its time") {
  const auto id = skald::derive_event_id({"a", "b"});
  const auto when = skald::timestamp::parse("2015-04-20T22:00:00.000Z").value();
  fine f;
  f.happen(of_amount(1000), skald::origin{id, when});
  REQUIRE(f.pending().size() == 1);
  CHECK(f.pending().front().id == id);
  CHECK(f.pending().front().created == when);
}
