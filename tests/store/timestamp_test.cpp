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

TEST_CASE("a timestamp is read from RFC 3339 and written as such") {
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

TEST_CASE("an offset is converted to UTC, however RFC 3339 and others write it") {
  const struct {
    std::string_view text;
    std::string_view written;
  } rows[] = {
    {"2000-03-15T00:00:00+01:00", "2000-03-14T23:00:00.000Z"},
    {"2000-03-14T17:30:00.250-05:30", "2000-03-14T23:00:00.250Z"},
    {"2000-03-14T23:00:00-00:00", "2000-03-14T23:00:00.000Z"},
    {"2000-03-14T23:00:00+00:00", "2000-03-14T23:00:00.000Z"},
    {"2000-03-14t23:00:00z", "2000-03-14T23:00:00.000Z"},
    {"2000-03-14 23:00:00Z", "2000-03-14T23:00:00.000Z"},
    {"2000-03-15 00:00:00+0100", "2000-03-14T23:00:00.000Z"},
    {"2000-03-15 00:00:00.5+01", "2000-03-14T23:00:00.500Z"},
    {"2001-01-01T00:59:59+23:59", "2000-12-31T01:00:59.000Z"},
    {"1969-12-31T23:30:00-01:00", "1970-01-01T00:30:00.000Z"},
    {"6429-10-18T02:44:55.327+23:59", "6429-10-17T02:45:55.327Z"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto time = timestamp::parse(row.text);
    REQUIRE(time);
    CHECK(time->str() == row.written);
    CHECK(time->counter() == 0);
  }
}

TEST_CASE("what is finer than a millisecond goes into the counter, 64 steps a microsecond, and keeps its order") {
  const struct {
    std::string_view digits;
    int milliseconds;
    int counter;
  } rows[] = {
    {"1230", 123, 0},
    {"123000000", 123, 0},
    {"123000001", 123, 0},
    {"123000016", 123, 1},
    {"1230001", 123, 6},
    {"123001", 123, 64},
    {"123456", 123, 456 * 64},
    {"123456789", 123, 29234},
    {"123999", 123, 63936},
    {"123999999", 123, 63999},
    {"1239999999999999999999", 123, 63999},
    {"124", 124, 0},
  };
  timestamp last;
  for (const auto& row : rows) {
    CAPTURE(row.digits);
    const auto text = "2000-03-14T23:00:00." + std::string{row.digits} + "Z";
    const auto time = timestamp::parse(text);
    REQUIRE(time);
    CHECK(*time == timestamp{at(953074800000 + row.milliseconds), static_cast<std::uint16_t>(row.counter)});
    CHECK(*time >= last);
    last = *time;
    // Only zeros say nothing more.
    const bool is_exact = row.digits.find_first_not_of('0', 3) == std::string_view::npos;
    const auto exact = timestamp::parse(text, timestamp::finer::refused);
    CHECK(exact.has_value() == is_exact);
    if (!is_exact)
      CHECK(
        exact.error().message.ends_with(" finer than a millisecond, or in a leap second, and cannot be kept exactly"));
  }
  CHECK(timestamp::parse("2000-03-14T23:00:00." + std::string(100'000, '0') + "1Z") == timestamp{at(953074800000), 0});
}

TEST_CASE("a leap second lies between the seconds around it, in its own order") {
  const std::string_view ordered[] = {"2016-12-31T23:59:59Z",           "2016-12-31T23:59:59.999Z",
                                      "2016-12-31T23:59:59.999999999Z", "2016-12-31T23:59:60Z",
                                      "2016-12-31T23:59:60.001Z",       "2016-12-31T15:59:60.5-08:00",
                                      "2016-12-31T23:59:60.999999999Z", "2017-01-01T00:00:00Z"};
  timestamp last;
  for (const auto text : ordered) {
    CAPTURE(text);
    const auto time = timestamp::parse(text);
    REQUIRE(time);
    CHECK(*time > last);
    last = *time;
  }
  CHECK(timestamp::parse("2016-12-31T23:59:60.25Z")->str() == "2016-12-31T23:59:59.999Z");
  CHECK(timestamp::parse("2015-06-30T23:59:60Z").has_value());
  CHECK(!timestamp::parse("2015-06-30T23:59:60Z", timestamp::finer::refused));
}

TEST_CASE("a bad timestamp is refused in words") {
  const auto* calendar = "a time of the calendar with its offset from UTC (RFC 3339), such as ";
  const auto* too_early = "it lies before 1970, where times of creation begin: keep that date in the data, and give as "
                          "created when it was recorded";
  const struct {
    const char* what;
    std::string_view text;
    const char* why;
  } rows[] = {
    {"empty", "", calendar},
    {"a date only", "2000-03-14", calendar},
    {"month 13", "2000-13-14T23:00:00.000Z", calendar},
    {"month 0", "2000-00-14T23:00:00.000Z", calendar},
    {"day 0", "2000-03-00T23:00:00.000Z", calendar},
    {"30 February", "2000-02-30T23:00:00.000Z", calendar},
    {"29 February of no leap year", "1900-02-29T23:00:00.000Z", calendar},
    {"hour 24", "2000-03-14T24:00:00.000Z", calendar},
    {"minute 60", "2000-03-14T23:60:00.000Z", calendar},
    {"no offset", "2000-03-14T23:00:00.000",
     "it lacks its offset from UTC: end it with Z, or with an offset such as +01:00"},
    {"an offset of 24 hours", "2000-03-14T23:00:00.000+24:00", calendar},
    {"an offset of 60 minutes", "2000-03-14T23:00:00.000+01:60", calendar},
    {"an offset without its sign", "2000-03-14T23:00:00.00001:00", calendar},
    {"an offset without digits", "2000-03-14T23:00:00.000+", calendar},
    {"an offset of one digit", "2000-03-14T23:00:00.000+1", calendar},
    {"an offset of three digits", "2000-03-14T23:00:00.000+010", calendar},
    {"an offset with seconds", "2000-03-14T23:00:00.000+01:00:00", calendar},
    {"an offset and Z", "2000-03-14T23:00:00.000+01:00Z", calendar},
    {"two blanks for T", "2000-03-14  23:00:00.000Z", calendar},
    {"a comma for the point", "2000-03-14T23:00:00,000Z", calendar},
    {"second 61", "2016-12-31T23:59:61Z", calendar},
    {"a leap second in the middle of a month", "2016-12-30T23:59:60Z", "a leap second, :60, can only end"},
    {"a leap second before the last minute", "2016-12-31T22:59:60Z", "a leap second, :60, can only end"},
    {"a leap second of another offset", "2016-12-31T23:59:60+01:00", "a leap second, :60, can only end"},
    {"no digit behind the point", "2000-03-14T23:00:00.Z", calendar},
    {"one digit for the month", "2000-3-14T23:00:00.000Z", calendar},
    {"a sign", "+000-03-14T23:00:00.000Z", calendar},
    {"five digits for the year", "12000-03-14T23:00:00.000Z", calendar},
    {"text behind", "2000-03-14T23:00:00.000Zulu", calendar},
    {"a blank in front", " 2000-03-14T23:00:00.000Z", calendar},
    {"before 1970", "1969-12-31T23:59:59.999Z", too_early},
    {"before 1970 in UTC alone", "1970-01-01T00:59:59.999+01:00", too_early},
    {"year 0", "0000-01-01T00:00:00.000Z", too_early},
    {"year 9999", "9999-12-31T23:59:59.999Z", "it takes times up to 6429-10-17T02:45:55.327Z"},
    {"too late in UTC alone", "6429-10-17T02:45:55.327-00:01", "it takes times up to 6429-10-17T02:45:55.327Z"},
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
