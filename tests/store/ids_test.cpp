#include <skald/store/ids.hpp>

#include <skald/store/limits.hpp>
#include <skald/store/record.hpp>
#include <skald/store/timestamp.hpp>

#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>
#include <unordered_set>
#include <vector>

using namespace skald;
using namespace std::literals;

// A name, a number or a text does not become an id unasked, and one kind of number not another.
static_assert(!std::is_convertible_v<std::string, stream_id>);
static_assert(!std::is_convertible_v<std::uint64_t, revision>);
static_assert(!std::is_convertible_v<revision, position>);

TEST_CASE("a stream id takes 1 to 512 bytes of UTF-8") {
  for (const auto& name : {"fine-1"s, "f"s, "größe"s, "\xf0\x9f\x92\xb8"s, "a b/c:d"s, std::string(512, 'x')}) {
    CAPTURE(name);
    const auto id = stream_id::parse(name);
    REQUIRE(id);
    CHECK(id->str() == name);
    CHECK(stream_id{name} == *id);
    CHECK(!id->empty());
  }
}

TEST_CASE("a bad stream id is refused in words") {
  const struct {
    const char* what;
    std::string name;
    const char* message;
  } rows[] = {
    {"empty", "", "a stream id is empty: give it a name"},
    {"too long", std::string(513, 'x'), "a stream id has 1 to 512 bytes, this one has 513: shorten it"},
    {"NUL", "fine\0-1"s, "a stream id holds NUL at byte 4: take it out"},
    {"stray continuation", "a\x80", "a stream id is not UTF-8 at byte 1: convert it first"},
    {"Latin-1",
     "gr\xf6\xdf"
     "e",
     "a stream id is not UTF-8 at byte 2: convert it first"},
    {"longer than needed", "\xc0\xaf", "a stream id is not UTF-8 at byte 0: convert it first"},
    {"three bytes longer than needed", "abc\xe0\x80\xaf", "a stream id is not UTF-8 at byte 3: convert it first"},
    {"surrogate", "\xed\xa0\x80", "a stream id is not UTF-8 at byte 0: convert it first"},
    {"beyond U+10FFFF", "\xf4\x90\x80\x80", "a stream id is not UTF-8 at byte 0: convert it first"},
    {"cut off", "12345678\xe2\x82", "a stream id is not UTF-8 at byte 8: convert it first"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const auto id = stream_id::parse(row.name);
    REQUIRE(!id);
    CHECK(id.error() == error{errc::invalid_argument, row.message});
    CHECK_THROWS_WITH_AS(stream_id{row.name}, row.message, failure);
  }
}

TEST_CASE("stream names that start with $ are reserved") {
  CHECK(stream_id{"$all"}.reserved());
  CHECK(!stream_id{"fine-$"}.reserved());
  CHECK(!stream_id{}.reserved());
}

TEST_CASE("an event id is read as it is written") {
  constexpr auto text = "0192f5e2-7c1b-7d3f-8a55-0123456789ab"sv;
  const auto id = event_id::parse(text);
  REQUIRE(id);
  CHECK(id->str() == text);
  CHECK(id->bytes()[0] == 0x01);
  CHECK(id->bytes()[15] == 0xab);
  CHECK(event_id::parse("0192F5E2-7C1B-7D3F-8A55-0123456789AB") == id);
  CHECK(event_id{}.nil());
  CHECK(event_id{}.str() == "00000000-0000-0000-0000-000000000000");
  CHECK(!id->nil());
}

TEST_CASE("a bad event id is refused") {
  for (const auto text : {""sv, "0192f5e2"sv, "0192f5e27c1b7d3f8a550123456789ab"sv,
                          "{0192f5e2-7c1b-7d3f-8a55-0123456789ab}"sv, "0192f5e2-7c1b-7d3f-8a55-0123456789ag"sv,
                          "0192f5e2-7c1b-7d3f-8a55-0123456789a"sv, "0192f5e2-7c1b-7d3f-8a55-0123456789abc"sv,
                          "0192f5e2-7c1b-7d3f-8a550-123456789ab"sv, "0192f5e2-7c1b-7d3f-8a55-01234567 9ab"sv}) {
    CAPTURE(text);
    const auto id = event_id::parse(text);
    REQUIRE(!id);
    CHECK(id.error().code == errc::invalid_argument);
    CHECK(id.error().message.find("is no event id: it takes a UUID") != std::string::npos);
  }
}

TEST_CASE("made event ids are version 7, carry the time in front and do not repeat among threads") {
  std::vector<std::vector<event_id>> made(4);
  {
    std::vector<std::thread> threads;
    for (auto& ids : made)
      threads.emplace_back([&ids] {
        for (int i = 0; i < 5000; ++i) ids.push_back(make_event_id());
      });
    for (auto& thread : threads) thread.join();
  }
  std::unordered_set<event_id> all;
  for (const auto& ids : made) {
    for (const auto& id : ids) {
      all.insert(id);
      CHECK((id.bytes()[6] >> 4) == 7);
      CHECK((id.bytes()[8] >> 6) == 2);
    }
    const auto time_of = [](const event_id& id) { return id.str().substr(0, 13); };
    CHECK(std::ranges::is_sorted(ids, [&](const auto& a, const auto& b) { return time_of(a) < time_of(b); }));
  }
  CHECK(all.size() == 20000);
}

TEST_CASE("a derived event id is the same on every machine") {
  // The expected ones were computed with Python's hashlib.
  CHECK(derive_event_id({"2000-03-14T23:00:00.000Z", "fine-1", "1", "fine:paid", R"({"cents":1})"}).str() ==
        "71b8f296-8627-88b3-81bb-cbc706bbf7b8");
  CHECK(derive_event_id({}).str() == "3934ba48-8070-8f12-ba58-155508413e79");
  CHECK(derive_event_id({"\x00\xff"sv}).str() == "00a66481-7ff1-8cb6-aa16-3691e4ff63fa");
}

TEST_CASE("the parts of a derived event id do not run into each other") {
  CHECK(derive_event_id({"ab", "c"}).str() == "f3e74f8f-6539-8c9c-adff-efaaa1d5fea6");
  CHECK(derive_event_id({"a", "bc"}).str() == "f9007e59-9627-831f-b24b-62c79827c48b");
  CHECK(derive_event_id({""}) != derive_event_id({}));
}

TEST_CASE("revisions and positions are read up to the edge of 64 bits and never wrap") {
  const struct {
    std::string_view text;
    std::optional<std::uint64_t> number;
  } rows[] = {
    {"0", 0},
    {"1", 1},
    {"007", 7},
    {"9223372036854775807", 9223372036854775807u},
    {"9223372036854775808", 9223372036854775808u},
    {"18446744073709551615", 18446744073709551615u},
    {"18446744073709551616", {}},
    {"99999999999999999999999", {}},
    {"", {}},
    {"-1", {}},
    {"+1", {}},
    {" 1", {}},
    {"1 ", {}},
    {"1.0", {}},
    {"0x1", {}},
    {"1e3", {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto r = revision::parse(row.text);
    const auto p = position::parse(row.text);
    REQUIRE(r.has_value() == row.number.has_value());
    REQUIRE(p.has_value() == row.number.has_value());
    if (row.number) {
      CHECK(r->value == *row.number);
      CHECK(p->value == *row.number);
    } else {
      CHECK(r.error().code == errc::invalid_argument);
      CHECK(r.error().message ==
            "'" + std::string{row.text} + "' is no revision: it takes decimal digits, at most 18446744073709551615");
      CHECK(p.error().message.find("is no position") != std::string::npos);
    }
  }
}

TEST_CASE("an expected revision says what it expects") {
  CHECK(expected_revision::any().str() == "any");
  CHECK(expected_revision::no_stream().str() == "no_stream");
  CHECK(expected_revision::stream_exists().str() == "stream_exists");
  CHECK(expected_revision::exactly(revision{18446744073709551615u}).str() == "18446744073709551615");
}

TEST_CASE("the value of a result that is an error throws it") {
  const result<int> r{error{errc::overloaded, "10 MB are waiting: try again later"}};
  try {
    static_cast<void>(r.value());
    FAIL("nothing was thrown");
  } catch (const failure& why) {
    CHECK(why.code() == errc::overloaded);
    CHECK(why.error() == r.error());
    CHECK(why.what() == "10 MB are waiting: try again later"s);
  }
}

TEST_CASE("every error code has a name of its own") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(errc::read_only); ++code)
    names.insert(to_string(static_cast<errc>(code)));
  CHECK(names.size() == static_cast<std::size_t>(errc::read_only) + 1);
  CHECK(to_string(errc::wrong_expected_revision) == "wrong_expected_revision");
  CHECK(to_string(static_cast<errc>(255)) == "unknown_error");
  CHECK(to_string(outcome::unknown) == "unknown");
  CHECK(to_string(outcome::not_written) == "not_written");
}
