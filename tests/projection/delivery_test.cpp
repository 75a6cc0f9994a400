#include <skald/projection/delivery.hpp>

#include <doctest/doctest.h>

#include <optional>

using namespace skald;

namespace {

// The table is one piece of code that the compiler can read.
static_assert(hears(handler_kind::once, delivery::fresh));
static_assert(!hears(handler_kind::once, delivery::hydrated));
static_assert(!hears(handler_kind::once, delivery::outdated));
static_assert(hears(handler_kind::on, delivery::fresh));
static_assert(hears(handler_kind::on, delivery::hydrated));
static_assert(!hears(handler_kind::on, delivery::outdated));
static_assert(hears(handler_kind::all, delivery::fresh));
static_assert(hears(handler_kind::all, delivery::hydrated));
static_assert(hears(handler_kind::all, delivery::outdated));

} // namespace

TEST_CASE("how a record is delivered follows from its flags and from where the projection is fresh") {
  struct row {
    const char* name;
    bool hydrated, outdated, silent;
    std::uint64_t at;
    std::optional<delivery> expected;
  };
  constexpr position fresh_from{10};
  const row rows[] = {
    {"appended behind fresh_from", false, false, false, 11, delivery::fresh},
    {"appended at fresh_from", false, false, false, 10, delivery::hydrated},
    {"appended before fresh_from", false, false, false, 1, delivery::hydrated},
    {"hydrated", true, false, false, 11, delivery::hydrated},
    {"outdated", false, true, false, 11, delivery::outdated},
    {"outdated wins over hydrated", true, true, false, 11, delivery::outdated},
    {"outdated wins over history", true, true, false, 1, delivery::outdated},
    {"silent", false, false, true, 11, std::nullopt},
    {"silent, in history or replayed", false, false, true, 10, delivery::hydrated},
    {"silent and hydrated", true, false, true, 11, std::nullopt},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    CHECK(delivery_of(r.hydrated, r.outdated, r.silent, position{r.at}, fresh_from) == r.expected);
  }
}
