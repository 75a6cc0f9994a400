#include <tools/text.hpp>

#include <doctest/doctest.h>
#include <tests/store/contract.hpp>

using namespace tools;

TEST_CASE("numbers are grouped by thousands") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(counted(0, "event") == "0 events");
  CHECK(counted(1, "event") == "1 event");
  CHECK(counted(1000, "event") == "1,000 events");
  CHECK(counted(1, "event is", "events are") == "1 event is");
  CHECK(counted(2, "event is", "events are") == "2 events are");
}

TEST_CASE("text for a cell is cut by characters, and what moves a cursor or turns the reading is replaced") {
  CHECK(printable("short", 5) == "short");
  CHECK(printable("longer", 5) == "long\u2026");
  CHECK(printable("\u00e4\u00f6\u00fc\u00df", 4) == "\u00e4\u00f6\u00fc\u00df");
  CHECK(printable("\u00e4\u00f6\u00fc\u00df!", 4) == "\u00e4\u00f6\u00fc\u2026");
  CHECK(printable("a\x1b[2Jb", 9) == "a\ufffd[2Jb");
  CHECK(printable("a\u0085b\u202ec\u200bd\ufeff", 9) == "a\ufffdb\ufffdc\ufffdd\ufffd");
  CHECK(printable("\u20ac\u2027\u202f", 9) == "\u20ac\u2027\u202f");
}

TEST_CASE("tables are as wide as what is in them, numbers at the right, without space at the end") {
  CHECK(table({"name", ">events"}, {{"a", "1"}, {"\u00e4\u00f6\u00fc\u00df\u00e4", "12,345"}}) ==
        "name   events\n"
        "a           1\n"
        "\u00e4\u00f6\u00fc\u00df\u00e4  12,345\n");
  CHECK(table({"a", "b"}, {{"x", ""}}) == "a  b\nx\n");
}

TEST_CASE("a table that grows has its headings once, and no column gets narrower") {
  growing_table rows{{"name", ">events"}};
  CHECK(rows.next({{"longest", "1"}}) == "name     events\n"
                                         "longest       1\n");
  CHECK(rows.next({{"a", "2"}}) == "a             2\n");
  CHECK(rows.next({{"longer still", "3"}, {"b", "4"}}) == "longer still       3\n"
                                                          "b                  4\n");
  CHECK(rows.next({{"c", "5"}}) == "c                  5\n");
}

TEST_CASE("progress tells what is known: the share, the rate, the time that is left") {
  using seconds = std::chrono::duration<double>;
  CHECK(progress_text("imported", 10, 0, seconds{0.5}) == "imported 10 events");
  CHECK(progress_text("imported", 12'000, 0, seconds{2}) == "imported 12,000 events, 6,000 a second");
  CHECK(progress_text("imported", 12'000, 0.5, seconds{2}) ==
        "imported 12,000 events, 50 % [==========          ], 6,000 a second, 2 s left");
  CHECK(progress_text("imported", 12'000, 0.01, seconds{100}) ==
        "imported 12,000 events, 1 % [                    ], 120 a second, 2 h 45 min left");
  CHECK(progress_text("imported", 12'000, 1, seconds{2}) ==
        "imported 12,000 events, 100 % [====================], 6,000 a second");
}

TEST_CASE("a histogram has few bars of equal width, whatever it counts") {
  histogram few;
  CHECK(few.bars().empty());
  few.add(5);
  few.add(5);
  few.add(7);
  REQUIRE(few.bars().size() == 3);
  CHECK(few.bars()[0].begin == 5);
  CHECK(few.bars()[0].count == 2);
  CHECK(few.bars()[1].count == 0);
  CHECK(few.width() == 1);

  histogram wide;
  constexpr std::int64_t last = (std::int64_t{1} << 47) - 1; // the largest time a timestamp has
  std::uint64_t counted = 0;
  for (std::int64_t time = 1; time < last; time = time * 3 + 1) wide.add(time), ++counted;
  wide.add(last), ++counted;
  CHECK(wide.bars().size() <= histogram::most_bars);
  std::uint64_t found = 0;
  for (const auto& bar : wide.bars()) {
    CHECK(bar.begin % wide.width() == 0);
    found += bar.count;
  }
  CHECK(found == counted);
}

TEST_CASE("text becomes a JSON string, or is refused where it is none") {
  CHECK(quoted("a\"b\n\u00e4") == "\"a\\\"b\\n\u00e4\"");
  CHECK_THROWS_AS((void)quoted("\xff"), skald::failure);
}

TEST_CASE("passwords are left out of messages, and what else they say is not") {
  const std::pair<std::string, std::string> rows[] = {
    {"", ""},
    {"nothing: to hide @ all", "nothing: to hide @ all"},
    {"opening 'x://ada:secret@host/db': No such file", "opening 'x://ada:***@host/db': No such file"},
    {"no 'x://ada:secret@host': give x://USER@HOST", "no 'x://ada:***@host': give x://USER@HOST"},
    {"x://a:secret@h, y://b:secret@h:1/d", "x://a:***@h, y://b:***@h:1/d"},
    {"://a:secret@h", "://a:***@h"},
    {"'x://a@h/d?password=secret'", "'x://a@h/d?password=***'"},
    {"no 'password=secret': give x://USER@HOST", "no 'password=***': give x://USER@HOST"},
  };
  for (const auto& [message, shown] : rows) CHECK(without_passwords(message) == shown);
}
