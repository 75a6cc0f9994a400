#include <skald/store/timestamp.hpp>

#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

using namespace skald;
using namespace std::literals;

namespace {

timestamp::milliseconds at(std::int64_t ms) { return timestamp::milliseconds{std::chrono::milliseconds{ms}}; }

} // namespace

TEST_CASE("a timestamp is read from ISO 8601 and written as such") {
  const struct {
    std::string_view text;
    std::int64_t milliseconds;
    std::string_view written;
  } rows[] = {
    {"2000-03-14T23:00:00.000Z", 953074800000, "2000-03-14T23:00:00.000Z"},
    {"2000-03-14T23:00:00Z", 953074800000, "2000-03-14T23:00:00.000Z"},
    {"2000-03-14T23:00:00.5Z", 953074800500, "2000-03-14T23:00:00.500Z"},
    {"2000-03-14T23:00:00.25Z", 953074800250, "2000-03-14T23:00:00.250Z"},
    {"2000-03-14T23:00:00.007Z", 953074800007, "2000-03-14T23:00:00.007Z"},
    {"2000-02-29T00:00:00Z", 951782400000, "2000-02-29T00:00:00.000Z"},
    {"1970-01-01T00:00:00.001Z", 1, "1970-01-01T00:00:00.001Z"},
    {"1999-12-31T23:59:59.999Z", 946684799999, "1999-12-31T23:59:59.999Z"},
    {"6429-10-17T02:45:55.327Z", 140737488355327, "6429-10-17T02:45:55.327Z"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto time = timestamp::parse(row.text);
    REQUIRE(time);
    CHECK(time->time() == at(row.milliseconds));
    CHECK(time->counter() == 0);
    CHECK(time->str() == row.written);
  }
}

TEST_CASE("a bad timestamp is refused in words") {
  const struct {
    const char* what;
    std::string_view text;
    const char* why;
  } rows[] = {
    {"empty", "", "a time of the calendar in UTC"},
    {"a date only", "2000-03-14", "a time of the calendar in UTC"},
    {"month 13", "2000-13-14T23:00:00.000Z", "a time of the calendar in UTC"},
    {"month 0", "2000-00-14T23:00:00.000Z", "a time of the calendar in UTC"},
    {"day 0", "2000-03-00T23:00:00.000Z", "a time of the calendar in UTC"},
    {"30 February", "2000-02-30T23:00:00.000Z", "a time of the calendar in UTC"},
    {"29 February of no leap year", "1900-02-29T23:00:00.000Z", "a time of the calendar in UTC"},
    {"hour 24", "2000-03-14T24:00:00.000Z", "a time of the calendar in UTC"},
    {"minute 60", "2000-03-14T23:60:00.000Z", "a time of the calendar in UTC"},
    {"second 60", "2016-12-31T23:59:60.000Z", "a time of the calendar in UTC"},
    {"no Z", "2000-03-14T23:00:00.000", "a time of the calendar in UTC"},
    {"an offset", "2000-03-14T23:00:00.000+01:00", "a time of the calendar in UTC"},
    {"a small z", "2000-03-14T23:00:00.000z", "a time of the calendar in UTC"},
    {"a blank for T", "2000-03-14 23:00:00.000Z", "a time of the calendar in UTC"},
    {"no digit behind the point", "2000-03-14T23:00:00.Z", "a time of the calendar in UTC"},
    {"four digits behind the point", "2000-03-14T23:00:00.0000Z", "a time of the calendar in UTC"},
    {"one digit for the month", "2000-3-14T23:00:00.000Z", "a time of the calendar in UTC"},
    {"a sign", "+000-03-14T23:00:00.000Z", "a time of the calendar in UTC"},
    {"five digits for the year", "12000-03-14T23:00:00.000Z", "a time of the calendar in UTC"},
    {"text behind", "2000-03-14T23:00:00.000Zulu", "a time of the calendar in UTC"},
    {"a blank in front", " 2000-03-14T23:00:00.000Z", "a time of the calendar in UTC"},
    {"before 1970", "1969-12-31T23:59:59.999Z", "it takes times from 1970 on"},
    {"year 0", "0000-01-01T00:00:00.000Z", "it takes times from 1970 on"},
    {"year 9999", "9999-12-31T23:59:59.999Z", "it takes times up to 6429-10-17T02:45:55.327Z"},
    {"just too late", "6429-10-17T02:45:55.328Z", "it takes times up to 6429-10-17T02:45:55.327Z"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const auto time = timestamp::parse(row.text);
    REQUIRE(!time);
    CHECK(time.error().code == errc::invalid_argument);
    CHECK(time.error().message.find("'" + std::string{row.text} + "' is no timestamp: ") == 0);
    CHECK(time.error().message.find(row.why) != std::string::npos);
  }
}

TEST_CASE("the first moment of 1970 is a given time") {
  const auto time = timestamp::parse("1970-01-01T00:00:00.000Z");
  REQUIRE(time);
  CHECK(time->given());
  CHECK(time->str() == "1970-01-01T00:00:00.000Z");
  CHECK(!timestamp{}.given());
}

TEST_CASE("the latest timestamp fits a signed integer of 64 bits") {
  CHECK(timestamp::max().ticks() == static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  CHECK(timestamp::max().str() == "6429-10-17T02:45:55.327Z");
  CHECK(timestamp::max().counter() == 0xffff);
}

TEST_CASE("100,001 timestamps of a frozen millisecond strictly increase") {
  hybrid_clock clock{[] { return at(953074800000); }};
  auto last = clock.now();
  CHECK(last == timestamp{at(953074800000), 0});
  bool increasing = true;
  for (int i = 1; i < 100'001; ++i) {
    const auto next = clock.now();
    increasing = increasing && next > last;
    last = next;
  }
  CHECK(increasing);
  CHECK(last.ticks() == timestamp{at(953074800000), 0}.ticks() + 100'000);
  CHECK(last.time() == at(953074800001)); // the full counter carried

  SUBCASE("also after a restart with the clock set back an hour") {
    hybrid_clock restarted{[] { return at(953074800000 - 3'600'000); }};
    restarted.observe(last);
    CHECK(restarted.now() == last.next());
  }
}

TEST_CASE("a clock goes on while the wall clock jumps back, and follows it ahead") {
  std::int64_t wall = 1000;
  hybrid_clock clock{[&wall] { return at(wall); }};
  CHECK(clock.now() == timestamp{at(1000), 0});
  wall = 500;
  CHECK(clock.now() == timestamp{at(1000), 1});
  wall = -1; // not set
  CHECK(clock.now() == timestamp{at(1000), 2});
  wall = 2000;
  CHECK(clock.now() == timestamp{at(2000), 0});
}

TEST_CASE("a clock that stands at the beginning of 1970 gives times") {
  hybrid_clock clock{[] { return at(0); }};
  CHECK(clock.now().given());
}

TEST_CASE("a clock that stands behind the end of time shows its last millisecond") {
  hybrid_clock clock{[] { return timestamp::milliseconds::max(); }};
  CHECK(clock.now() == timestamp{timestamp::max().time(), 0});
}

TEST_CASE("what a clock has observed lies behind it") {
  hybrid_clock clock{[] { return at(1000); }};
  const timestamp seen{at(1500), 7};
  clock.observe(seen);
  CHECK(clock.now() == seen.next());
  clock.observe(timestamp{at(10), 0});
  CHECK(clock.now() == seen.next().next());
}

TEST_CASE("a clock that several threads use never gives a timestamp twice") {
  hybrid_clock clock{[] { return at(1000); }};
  std::vector<std::vector<timestamp>> given(4);
  std::vector<std::thread> threads;
  for (auto& times : given)
    threads.emplace_back([&times, &clock] {
      for (int i = 0; i < 5000; ++i) times.push_back(clock.now());
    });
  for (auto& thread : threads) thread.join();
  std::vector<timestamp> all;
  for (const auto& times : given) {
    CHECK(std::ranges::is_sorted(times));
    all.insert(all.end(), times.begin(), times.end());
  }
  std::ranges::sort(all);
  CHECK(std::ranges::adjacent_find(all) == all.end());
}
