#include <tools/logs/log_time.hpp>

#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <cstdint>
#include <string>

using tools::log_time;
using tools::time_style;

namespace {

skald::timestamp at(std::int64_t milliseconds, std::uint16_t counter = 0) {
  return {skald::timestamp::milliseconds{std::chrono::milliseconds{milliseconds}}, counter};
}

std::string refusal_of(const log_time& times, std::string_view text) {
  try {
    return "read as " + times.read(text).str();
  } catch (const skald::failure& why) {
    CHECK(why.code() == skald::errc::invalid_argument);
    return why.what();
  }
}

} // namespace

TEST_CASE("seconds and milliseconds since 1970 are times, with any digits and exponents") {
  const struct {
    const char* seconds;
    const char* milliseconds;
    skald::timestamp time;
  } rows[] = {
    {"953074800", "953074800000", at(953074800000)},
    {"953074800.25", "953074800250", at(953074800250)},
    {"953074800.2500", "953074800250.0", at(953074800250)},
    {"953074800.123456", "953074800123.456", at(953074800123, 456 * 64)},
    {"953074800.123456789", "953074800123.456789", at(953074800123, 29234)},
    {"9.530748E8", "9.530748e11", at(953074800000)},
    {"9530748e+2", "9530748E+05", at(953074800000)},
    {"95307480025e-2", "953074800250e0", at(953074800250)},
    {"0.001", "1", at(1)},
    {"0.0001", "0.1", at(0, 6400)},
    {"1e-3", "1e-0", at(1)},
    {"0", "0", at(0, 1)},
    {"-0.0", "-0", at(0, 1)},
    {"0e999999999999", "0000", at(0, 1)},
    {"1e-999999999999", "1e-999999999999", at(0, 1)},
    {"000000000000000000001", "1000", at(1000)},
    {"140737488355.327", "140737488355327", at(140737488355327)},
  };
  for (const auto& row : rows) {
    CAPTURE(row.seconds);
    CHECK(log_time{time_style::seconds}.read(row.seconds) == row.time);
    CHECK(log_time{time_style::milliseconds}.read(row.milliseconds) == row.time);
  }
}

TEST_CASE("what counts nothing, or beyond the times there are, is refused in words") {
  const struct {
    const char* text;
    const char* says;
  } rows[] = {
    {"", "it takes seconds since 1970, such as 953074800 or 953074800.25"},
    {"-", "it takes seconds since 1970"},
    {".5", "it takes seconds since 1970"},
    {"1.", "it takes seconds since 1970"},
    {"1e", "it takes seconds since 1970"},
    {"1e+", "it takes seconds since 1970"},
    {"+1", "it takes seconds since 1970"},
    {" 1", "it takes seconds since 1970"},
    {"1 ", "it takes seconds since 1970"},
    {"0x10", "it takes seconds since 1970"},
    {"1,5", "it takes seconds since 1970"},
    {"NaN", "it takes seconds since 1970"},
    {"2000-03-14T23:00:00.000Z", "it takes seconds since 1970"},
    {"-1", "it lies before 1970, where times of creation begin"},
    {"-1e-999", "it lies before 1970"},
    {"140737488355.328", "it takes times up to 6429-10-17T02:45:55.327Z"},
    {"953074800000000", "it takes times up to 6429-10-17T02:45:55.327Z"}, // microseconds
    {"1e999999999999", "it takes times up to 6429-10-17T02:45:55.327Z"},
  };
  for (const auto& row : rows) {
    const auto why = refusal_of(log_time{time_style::seconds}, row.text);
    CHECK_MESSAGE(why.starts_with('\'' + std::string{row.text} + "' is no timestamp: " + row.says), why);
  }
  CHECK(refusal_of(log_time{time_style::milliseconds}, "x").ends_with("milliseconds since 1970, such as 953074800250"));
}

TEST_CASE("a time without an offset is UTC only where that is said, and the refusal says how") {
  CHECK(log_time{time_style::utc}.read("2000-03-14 23:00:00") == at(953074800000));
  CHECK(log_time{time_style::utc}.read("2000-03-14T23:00:00.000001") == at(953074800000, 64));
  CHECK(log_time{time_style::utc}.read("2000-03-15 00:00:00+01:00") == at(953074800000));
  CHECK(refusal_of(log_time{}, "2000-03-14 23:00:00") ==
        "'2000-03-14 23:00:00' is no timestamp: it lacks its offset from UTC: end it with Z, or with an offset such as "
        "+01:00; where the log means UTC, import it with --time utc");
  for (const auto style : {time_style::rfc3339, time_style::utc})
    CHECK(refusal_of(log_time{style}, "953074800")
            .ends_with("; where it counts from 1970, import the log with --time seconds, or milliseconds"));
}

TEST_CASE("times that must be kept exactly are refused where they are finer than a millisecond, in every style") {
  const struct {
    time_style style;
    const char* exact;
    const char* finer;
  } rows[] = {
    {time_style::rfc3339, "2000-03-14T23:00:00.1230Z", "2000-03-14T23:00:00.1231Z"},
    {time_style::utc, "2000-03-14T23:00:00.123", "2000-03-14T23:00:00.0000000000001"},
    {time_style::seconds, "953074800.1230", "953074800.1231"},
    {time_style::milliseconds, "953074800123.0", "953074800123.1"},
  };
  for (const auto& row : rows) {
    const log_time exactly{row.style, skald::timestamp::finer::refused};
    CHECK(exactly.read(row.exact).counter() == 0);
    CHECK_MESSAGE(refusal_of(exactly, row.finer).ends_with("cannot be kept exactly"), row.finer);
  }
}

TEST_CASE("a counter stands beside a time in milliseconds, and contradicts a finer one") {
  CHECK(tools::with_counter(at(5), 7) == at(5, 7));
  CHECK(tools::with_counter(at(5), 0) == at(5));
  CHECK(tools::with_counter(at(0, 1), 0) == at(0, 1)); // never zero, which is no time
  CHECK(tools::with_counter(at(0, 1), 9) == at(0, 9));
  CHECK(tools::with_counter(at(5, 64), 64) == at(5, 64));
  for (const std::uint16_t counter : {0, 7})
    CHECK(tools::with_counter(at(5, 64), counter).error().message ==
          "created is finer than a millisecond, which gives it the counter 64: leave out one of both");
}
