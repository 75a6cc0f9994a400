#include <skald/actors/timers.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace skald::actors;
using namespace std::chrono_literals;

TEST_CASE("a time to wait that no clock can add up is bounded") {
  CHECK(bounded(5s) == 5s);
  CHECK(bounded(std::chrono::milliseconds::max()) == 24h * 365);
  CHECK(bounded(-1s) == 0s);
  CHECK(bounded(std::chrono::milliseconds::min()) == 0s);
}

TEST_CASE("whoever waits is woken in time, by few timers, also where the patient and the hasty come in turn") {
  const timers::time_point start{};
  timers t;
  std::multiset<timers::time_point> ringing, waiting; // what was armed, who still waits
  int rung = 0;
  const auto arm = [&](timers::time_point deadline) {
    if (t.arm(deadline)) ringing.insert(deadline);
  };
  for (auto now = start; now < start + 60s; now += 1ms) {
    for (const auto patience : {2000ms, 20ms}) {
      // Most are answered at once, one in a hundred waits in vain.
      if ((now - start) / 1ms % 100 == 0) waiting.insert(now + patience);
      arm(now + patience);
    }
    while (!ringing.empty() && *ringing.begin() <= now) {
      const auto deadline = *ringing.begin();
      ringing.erase(ringing.begin());
      ++rung;
      t.rang(deadline);
      waiting.erase(waiting.begin(), waiting.upper_bound(now));
      if (!waiting.empty()) arm(*waiting.begin());
    }
    REQUIRE((waiting.empty() || (!ringing.empty() && *ringing.begin() <= *waiting.begin())));
    REQUIRE(ringing.size() <= 200);
  }
  CHECK(rung <= 60'000 / 20 + 60'000 / 100 + 60'000 / 2000);
}
