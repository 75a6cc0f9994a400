#include <tests/store/contract.hpp>
#include <tests/store/sql.hpp>

using namespace skald;
using namespace skald::test;

SKALD_CONTRACT("a store has an id and an epoch, which it keeps, and another store has others") {
  fixture store{backend};
  const auto identity = must(store->identity());
  CHECK_FALSE(identity.id.nil());
  CHECK_FALSE(identity.epoch.nil());
  CHECK(identity.id != identity.epoch);
  must(store->append(request("a", any, some_events(1, 2))));
  CHECK(must(store->identity()) == identity);
  fixture other{backend};
  CHECK(must(other->identity()).id != identity.id);
  CHECK(must(other->identity()).epoch != identity.epoch);
  if (!backend.persistent) return;
  store.reopen();
  CHECK(must(store->identity()) == identity);
}

SKALD_CONTRACT("a new epoch is another one each time, of the same store, and durable") {
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 2))));
  auto last = must(store->identity());
  for (int i = 0; i < 2; ++i) {
    const auto next = must(store->begin_epoch());
    CHECK(next.id == last.id);
    CHECK(next.epoch != last.epoch);
    CHECK(must(store->identity()) == next);
    last = next;
  }
  CHECK(read_all(*store).size() == 2);
  CHECK(must(store->verify()).sound());
  if (!backend.persistent) return;
  store.reopen();
  CHECK(must(store->identity()) == last);
}

SKALD_PERSISTENT("a copy that is marked as one gets an epoch of its own, once, when it is opened") {
  Backend one;
  const auto before = must(one.open({})->identity());
  sql_of(one, "UPDATE skald_store SET epoch = NULL");
  const auto after = must(one.open({})->identity());
  CHECK(after.id == before.id);
  CHECK_FALSE(after.epoch.nil());
  CHECK(after.epoch != before.epoch);
  CHECK(must(one.open({})->identity()) == after);
}

SKALD_PERSISTENT("two stores of one place have one identity") {
  Backend one;
  const auto first = one.open({});
  const auto second = one.open({});
  const auto next = must(first->begin_epoch());
  CHECK(must(second->identity()) == next);
}

SKALD_PERSISTENT("a store that has lost its identity is corrupt, and verifying says so") {
  Backend one;
  const auto store = one.open({});
  sql_of(one, "DELETE FROM skald_store");
  CHECK(code_of(store->identity()) == errc::corrupt);
  CHECK(code_of(store->begin_epoch()) == errc::corrupt);
  const auto found = must(store->verify());
  REQUIRE(found.problem_count == 1);
  CHECK(found.problems.front().message == "skald_store has 0 rows, not one");
  CHECK(must(store->append(request("a", any, some_events(1, 1)))).first == position{1});
}
