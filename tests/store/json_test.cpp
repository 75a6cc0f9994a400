#include <skald/store/json.hpp>

#include <skald/store/limits.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <unordered_map>

using namespace skald;
using namespace std::literals;

namespace json_test {

struct nothing {
  friend bool operator==(const nothing&, const nothing&) = default;
};
BOOST_DESCRIBE_STRUCT(nothing, (), ())

struct person {
  std::string given;
  std::string family;

  friend bool operator==(const person&, const person&) = default;
};
BOOST_DESCRIBE_STRUCT(person, (), (given, family))

enum class role { user, admin };
BOOST_DESCRIBE_ENUM(role, user, admin)

struct account {
  person name;
  std::optional<std::string> email;
  std::int64_t age = 0;
  std::vector<std::string> tags;
  role rights = role::user;
  bool open = false;

  friend bool operator==(const account&, const account&) = default;
};
BOOST_DESCRIBE_STRUCT(account, (), (name, email, age, tags, rights, open))

struct containers {
  std::vector<bool> flags;
  std::array<std::int32_t, 2> pair{};
  std::set<std::string> names;
  std::map<std::string, std::vector<person>> people;
  std::optional<std::vector<std::optional<std::int32_t>>> maybe;

  friend bool operator==(const containers&, const containers&) = default;
};
BOOST_DESCRIBE_STRUCT(containers, (), (flags, pair, names, people, maybe))

struct base {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(base, (), (id))

struct middle : base {
  std::int32_t count = 0;
};
BOOST_DESCRIBE_STRUCT(middle, (base), (count))

struct derived : middle {
  bool done = false;
};
BOOST_DESCRIBE_STRUCT(derived, (middle), (done))

class counter {
public:
  counter() = default;
  explicit counter(std::int64_t start) : total{start} {}
  std::int64_t doubled() const { return 2 * steps_; }
  void step() { ++steps_; }

  std::int64_t total = 0;

private:
  std::int64_t steps_ = 0;
  int cache_ = 0; // not described
  BOOST_DESCRIBE_CLASS(counter, (), (total), (), (steps_))

public:
  int cache() const { return cache_; }
};

struct node {
  std::vector<node> children;
};
BOOST_DESCRIBE_STRUCT(node, (), (children))

struct numbers {
  std::int8_t i8 = 0;
  std::uint8_t u8 = 0;
  std::int16_t i16 = 0;
  std::uint16_t u16 = 0;
  std::int32_t i32 = 0;
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;

  friend bool operator==(const numbers&, const numbers&) = default;
};
BOOST_DESCRIBE_STRUCT(numbers, (), (i8, u8, i16, u16, i32, u32, i64, u64))

struct undescribed {
  int x = 0;
};

struct without_default {
  explicit without_default(int number) : x{number} {}
  int x;
};
BOOST_DESCRIBE_STRUCT(without_default, (), (x))

enum class undescribed_enum { a };

static_assert(json_mapped<bool> && json_mapped<std::int8_t> && json_mapped<unsigned long long> && json_mapped<float>);
static_assert(json_mapped<account> && json_mapped<node> && json_mapped<nothing> && json_mapped<role>);
static_assert(json_mapped<std::map<std::string, std::vector<std::optional<account>>>>);
static_assert(!json_mapped<undescribed> && !json_mapped<undescribed_enum> && !json_mapped<without_default>);
static_assert(!json_mapped<char> && !json_mapped<wchar_t> && !json_mapped<long double> && !json_mapped<int*>);
static_assert(!json_mapped<std::string_view> && !json_mapped<const char*>);
static_assert(!json_mapped<std::optional<std::optional<int>>>); // null would mean two things
static_assert(!json_mapped<std::unordered_map<std::string, int>>); // has no order to write it in
static_assert(!json_mapped<std::map<int, int>> && !json_mapped<std::vector<undescribed>>);

template <class T>
std::string written(const T& value) {
  const auto text = to_json(value);
  REQUIRE_MESSAGE(text, text.error().message);
  return *text;
}

template <class T>
T read(std::string_view text) {
  auto value = from_json<T>(text);
  REQUIRE_MESSAGE(value, value.error().message);
  return *std::move(value);
}

template <class T>
std::string problems(std::string_view text) {
  const auto value = from_json<T>(text);
  REQUIRE(!value);
  CHECK(value.error().code == errc::invalid_event);
  return value.error().message;
}

template <class T>
std::string unwritable(const T& value) {
  const auto text = to_json(value);
  REQUIRE(!text);
  CHECK(text.error().code == errc::invalid_event);
  return text.error().message;
}

std::string nested(std::size_t levels, std::string_view open = "[", std::string_view close = "]") {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

node nested_node(std::size_t depth) {
  node root;
  if (depth > 1) root.children.push_back(nested_node(depth - 1));
  return root;
}

} // namespace json_test

using namespace json_test;

TEST_CASE("a struct becomes an object with its members in order, and comes back") {
  const account ann{{"Ann", "Example"}, "ann@example.org", 42, {"a", "b"}, role::admin, true};
  const auto text = written(ann);
  CHECK(text == R"({"name":{"given":"Ann","family":"Example"},"email":"ann@example.org","age":42,)"
                R"("tags":["a","b"],"rights":"admin","open":true})");
  CHECK(read<account>(text) == ann);
}

TEST_CASE("members are read in any order and between blanks") {
  const auto p = read<person>(" {\n\t\"family\" : \"Example\" ,\r\n \"given\":\"Ann\" } ");
  CHECK(p == person{"Ann", "Example"});
}

TEST_CASE("an empty optional is left out, and read from nothing or null") {
  const account ann{{"Ann", "Example"}, {}, 0, {}, role::user, false};
  const auto text = written(ann);
  CHECK(text.find("email") == std::string::npos);
  CHECK(read<account>(text) == ann);
  const auto with_null = R"({"name":{"given":"Ann","family":"Example"},"email":null,"age":0,"tags":[],)"
                         R"("rights":"user","open":false})";
  CHECK(read<account>(with_null) == ann);
}

TEST_CASE("containers of containers come back") {
  const containers full{{true, false}, {{-1, 2}}, {"b", "a"}, {{"x y", {{"Ann", "Example"}}}, {"", {}}}, {{1, {}, 3}}};
  const auto text = written(full);
  CHECK(text == R"({"flags":[true,false],"pair":[-1,2],"names":["a","b"],)"
                R"("people":{"":[],"x y":[{"given":"Ann","family":"Example"}]},"maybe":[1,null,3]})");
  CHECK(read<containers>(text) == full);
}

TEST_CASE("an empty struct is an empty object") {
  CHECK(written(nothing{}) == "{}");
  CHECK(read<nothing>("{}") == nothing{});
  CHECK(problems<nothing>("null") == "expected an object, found null");
  CHECK(problems<nothing>(R"({"a":1})") == "a: unknown");
}

TEST_CASE("members of described bases stand in front") {
  derived d;
  d.id = "x";
  d.count = 3;
  d.done = true;
  CHECK(written(d) == R"({"id":"x","count":3,"done":true})");
  const auto back = read<derived>(R"({"done":true,"count":3,"id":"x"})");
  CHECK(back.id == "x");
  CHECK(back.count == 3);
  CHECK(back.done);
}

TEST_CASE("a class is written with all members it describes, and only those") {
  counter c{5};
  c.step();
  CHECK(written(c) == R"({"total":5,"steps_":1})");
  const auto back = read<counter>(R"({"total":5,"steps_":4})");
  CHECK(back.total == 5);
  CHECK(back.doubled() == 8);
  CHECK(back.cache() == 0);
}

TEST_CASE("scalars stand alone as well") {
  CHECK(written(true) == "true");
  CHECK(written(std::string{"a"}) == R"("a")");
  CHECK(written(std::optional<int>{}) == "null");
  CHECK(read<std::vector<std::int32_t>>("[1,2]") == std::vector{1, 2});
  CHECK(read<role>(R"("admin")") == role::admin);
  CHECK(!read<std::optional<std::int32_t>>("null"));
}

TEST_CASE("arrays and objects where a scalar is read are what they are, or no JSON") {
  CHECK(problems<bool>(" [[1], {}] ") == "expected a boolean, found an array");
  CHECK(problems<std::string>(R"({"a":1})") == "expected a string, found an object");
  CHECK(problems<int>("[]") == "expected an integer, found an array");
  CHECK(problems<double>("{}") == "expected a number, found an object");
  CHECK(problems<int>("[1,]").starts_with("this is no JSON"));
  CHECK(problems<int>("{} 1").starts_with("this is no JSON"));
  CHECK(problems<int>(std::string(129, '[') + std::string(129, ']')).starts_with("this nests deeper than 128 levels"));
}

TEST_CASE("integers are exact up to the edges of their types") {
  const numbers least{std::numeric_limits<std::int8_t>::min(),  0, std::numeric_limits<std::int16_t>::min(), 0,
                      std::numeric_limits<std::int32_t>::min(), 0, std::numeric_limits<std::int64_t>::min(), 0};
  const numbers most{127, 255, 32767, 65535, 2147483647, 4294967295, 9223372036854775807, 18446744073709551615u};
  CHECK(written(least) == R"({"i8":-128,"u8":0,"i16":-32768,"u16":0,"i32":-2147483648,"u32":0,)"
                          R"("i64":-9223372036854775808,"u64":0})");
  CHECK(written(most) == R"({"i8":127,"u8":255,"i16":32767,"u16":65535,"i32":2147483647,"u32":4294967295,)"
                         R"("i64":9223372036854775807,"u64":18446744073709551615})");
  CHECK(read<numbers>(written(least)) == least);
  CHECK(read<numbers>(written(most)) == most);
  CHECK(read<std::int64_t>("9007199254740993") == 9007199254740993);
}

TEST_CASE("integers out of range and numbers with a fraction are problems, never cut off") {
  const auto text = R"({"i8":128,"u8":-1,"i16":1.0,"u16":65536,"i32":1e3,"u32":4294967296,)"
                    R"("i64":9223372036854775808,"u64":18446744073709551616})";
  CHECK(problems<numbers>(text) == "i8: expected an integer from -128 to 127, found 128; "
                                   "u8: expected an integer from 0 to 255, found -1; "
                                   "i16: expected an integer from -32768 to 32767, found 1.0; "
                                   "u16: expected an integer from 0 to 65535, found 65536; "
                                   "i32: expected an integer from -2147483648 to 2147483647, found 1000.0; "
                                   "u32: expected an integer from 0 to 4294967295, found 4294967296; "
                                   "i64: expected an integer from -9223372036854775808 to 9223372036854775807, "
                                   "found 9223372036854775808; "
                                   "u64: expected an integer from 0 to 18446744073709551615, "
                                   "found 18446744073709551616.0");
  CHECK(problems<std::int64_t>("-9223372036854775809").find("found -9223372036854775808.0") != std::string::npos);
}

TEST_CASE("all problems are told at once, each with its path") {
  const auto text = R"({"name":{"given":7,"middle":"B"},"email":[],"age":"42","tags":["a","b",3,null],)"
                    R"("rights":"root","open":0,"a b":1})";
  CHECK(problems<account>(text) == "name.given: expected a string, found a number; "
                                   "name.family: missing; "
                                   "name.middle: unknown; "
                                   "email: expected a string, found an array; "
                                   "age: expected an integer, found a string; "
                                   "tags[2]: expected a string, found a number; "
                                   "tags[3]: expected a string, found null; "
                                   "rights: expected one of user, admin, found \"root\"; "
                                   "open: expected a boolean, found a number; "
                                   "[\"a b\"]: unknown");
}

TEST_CASE("problems inside containers carry index and key") {
  const auto text = R"({"flags":{},"pair":[1],"names":["a","a"],"people":{"x":[{"given":"A"}],"y z":[0]},)"
                    R"("maybe":[1,"2"]})";
  CHECK(problems<containers>(text) == "flags: expected an array, found an object; "
                                      "pair: expected 2 elements, found 1; "
                                      "names[1]: stands in the set already; "
                                      "people.x[0].family: missing; "
                                      "people[\"y z\"][0]: expected an object, found a number; "
                                      "maybe[1]: expected an integer, found a string");
}

TEST_CASE("elements of a set that cannot be read are not taken for repeated ones") {
  CHECK(problems<std::set<std::string>>(R"([1,2,"a","a"])") == "[0]: expected a string, found a number; "
                                                               "[1]: expected a string, found a number; "
                                                               "[3]: stands in the set already");
}

TEST_CASE("of very many problems the first hundred are told and the rest counted") {
  std::string text = "[0";
  for (int i = 1; i < 1000; ++i) text += ",0";
  const auto message = problems<std::vector<std::string>>(text + "]");
  CHECK(message.find("[99]: expected a string, found a number; and 900 more") != std::string::npos);
  CHECK(message.find("[100]") == std::string::npos);
}

TEST_CASE("names from outside are escaped and shortened in messages") {
  CHECK(problems<nothing>("{\"a\\nb\":1}") == R"(["a\nb"]: unknown)");
  CHECK(problems<role>("\"" + std::string(1000, 'x') + "\"").size() < 250);
}

TEST_CASE("doubles come back to the bit") {
  const double rows[] = {0.0,
                         -0.0,
                         1.0,
                         -1.5,
                         0.1,
                         1.0 / 3,
                         1e22,
                         1e23,
                         9007199254740993.0,
                         123456789012345680000.0,
                         std::numeric_limits<double>::max(),
                         std::numeric_limits<double>::min(),
                         std::numeric_limits<double>::denorm_min(),
                         2.2250738585072011e-308};
  for (const auto value : rows) {
    CAPTURE(value);
    CHECK(std::bit_cast<std::uint64_t>(read<double>(written(value))) == std::bit_cast<std::uint64_t>(value));
  }
  std::mt19937_64 random{1};
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    REQUIRE(read<double>(written(value)) == value);
  }
  CHECK(written(0.1) == "0.1");
  CHECK(written(3.0) == "3");
  CHECK(read<double>("12") == 12.0);
  CHECK(read<double>("1e-400") == 0.0);
}

TEST_CASE("floats come back to the bit") {
  CHECK(written(0.1f) == "0.1");
  for (const auto value :
       {0.0f, -0.0f, 7.038531e-26f, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()}) {
    CAPTURE(value);
    CHECK(std::bit_cast<std::uint32_t>(read<float>(written(value))) == std::bit_cast<std::uint32_t>(value));
  }
  std::mt19937 random{1};
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    REQUIRE(read<float>(written(value)) == value);
  }
}

TEST_CASE("numbers too large for a floating point type are problems") {
  CHECK(problems<double>("1e400") == "this number is too large");
  CHECK(problems<std::vector<double>>("[-1e400]") == "[0]: this number is too large");
  CHECK(problems<float>("1e39") == "this number is too large");
  CHECK(problems<double>("true") == "expected a number, found a boolean");
}

TEST_CASE("strings of every kind come back") {
  const std::string rows[] = {
    "",
    "plain",
    "\"\\/\b\f\n\r\t",
    "\x01\x1f\x7f",
    "a\0b"s,
    "größe",
    "\xf0\x9f\x92\xb8\xf0\x9f\x91\xa9",
    "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
    "\xe2\x80\xa8\xe2\x80\xa9",
    "\xef\xbf\xbf",
    "\xf4\x8f\xbf\xbf",
    std::string(100'000, 'x'),
  };
  for (const auto& text : rows) {
    CAPTURE(text);
    const auto json = written(text);
    CHECK(read<std::string>(json) == text);
    CHECK(check_json(json));
  }
  CHECK(written("a\"\\\n\x01"s + "b") == R"("a\"\\\n\u0001b")");
  CHECK(read<std::string>(R"("\u00e9\ud83d\udcb8\u0000")") == "\xc3\xa9\xf0\x9f\x92\xb8\0"s);
}

TEST_CASE("what has no form in JSON is a problem when written, all at once") {
  account bad{{"Ann", "\xff"}, "ok\xc3", 0, {"a", "\xed\xa0\x80"}, static_cast<role>(7), true};
  CHECK(unwritable(bad) == "name.family: not UTF-8 at byte 0; email: not UTF-8 at byte 2; "
                           "tags[1]: not UTF-8 at byte 0; rights: 7 is no enumerator");
  CHECK(unwritable(std::vector{1.0, std::nan(""), std::numeric_limits<double>::infinity()}) ==
        "[1]: a number that is not finite has no form in JSON; "
        "[2]: a number that is not finite has no form in JSON");
  CHECK(unwritable(-std::numeric_limits<float>::infinity()) == "a number that is not finite has no form in JSON");
  CHECK(unwritable(std::map<std::string, int>{{"\xff", 1}}) == "[\"\\xff\"]: not UTF-8 at byte 0");
}

TEST_CASE("what is written is not deeper than what is read") {
  // A node is two levels: the object and its list.
  const auto deepest = written(nested_node(limits::json_depth / 2));
  CHECK(check_json(deepest));
  CHECK(read<node>(deepest).children.size() == 1);
  CHECK(unwritable(nested_node(limits::json_depth / 2 + 1)).find("more than 128 levels deep") != std::string::npos);
}

TEST_CASE("of a repeated member the last one counts") {
  CHECK(read<person>(R"({"given":"A","given":"B","family":"C"})") == person{"B", "C"});
}

TEST_CASE("any JSON text is accepted where it is only carried") {
  const std::string rows[] = {
    "null",
    "true",
    "0",
    "-0",
    "-0.0",
    "1.10",
    "9007199254740993",
    "123456789012345678901234567890",
    "1e400",
    "-1E+400",
    "1e-400",
    "0.1234567890123456789012345678901234567890",
    R"("")",
    R"("\u0000\ud83d\udcb8")",
    R"("/\/")",
    "[]",
    "{}",
    R"({"a":1,"a":2})",
    R"({"":{}})",
    " [ 1 , { \"a\" : null } ] \r\n\t",
    "\"\xe2\x80\xa8\xf0\x9f\x92\xb8\"",
    nested(100),
    nested(limits::json_depth),
    nested(50, R"({"a":[{}],"b":[)", "]}"),
    std::string(5000, '1'),
    "\"" + std::string(100'000, 'x') + "\"",
  };
  for (const auto& text : rows) {
    CAPTURE(text);
    CHECK(check_json(text));
  }
}

TEST_CASE("text that is no JSON is refused, saying where") {
  const struct {
    const char* what;
    std::string text;
    std::size_t at;
  } rows[] = {
    {"empty", "", 0},
    {"blanks", "  ", 2},
    {"cut off", R"({"a":)", 5},
    {"open string", R"("abc)", 4},
    {"two values", "1 2", 2},
    {"text behind", "{}x", 2},
    {"trailing comma in a list", "[1,]", 3},
    {"trailing comma in an object", R"({"a":1,})", 7},
    {"comment", "/**/1", 0},
    {"NaN", "NaN", 0},
    {"leading zero", "01", 1},
    {"plus sign", "+1", 0},
    {"no digit behind the point", "1.", 2},
    {"single quotes", "'a'", 0},
    {"bare name", "{a:1}", 1},
    {"control character in a string", "\"a\nb\"", 2},
    {"unknown escape", R"("\x")", 2},
    {"byte order mark", "\xef\xbb\xbf{}", 0},
    {"NUL behind", "{}\0"s, 2},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const auto valid = check_json(row.text);
    REQUIRE(!valid);
    CHECK(valid.error().code == errc::invalid_event);
    CHECK(valid.error().message.find("this is no JSON: ") == 0);
    const auto where = " at byte " + std::to_string(row.at);
    CHECK_MESSAGE(valid.error().message.ends_with(where), valid.error().message);
    CHECK(problems<account>(row.text) == valid.error().message);
  }
}

TEST_CASE("text that is not UTF-8, half a surrogate pair and a level too many are refused") {
  for (const auto& text : {"\"\xff\""s, "\"a\xc0\xaf\""s, "\"\xed\xa0\x80\""s, "\"\xf4\x90\x80\x80\""s, "\"\xe2\x82\""s,
                           R"("\ud800")"s, R"("\udc00")"s, R"("\ud83d\u0041")"s, nested(limits::json_depth + 1),
                           nested(100'000), nested(limits::json_depth + 1, R"({"a":)", "}")}) {
    CAPTURE(text.substr(0, 200));
    const auto valid = check_json(text);
    REQUIRE(!valid);
    CHECK(valid.error().code == errc::invalid_event);
    CHECK(!from_json<node>(text));
  }
  const auto deeper = check_json(nested(limits::json_depth + 1));
  CHECK(deeper.error().message.find("this nests deeper than 128 levels at byte 128") == 0);
}

TEST_CASE("a text that carries values may nest as deep as they and what surrounds them") {
  constexpr auto levels = limits::json_depth + 1;
  CHECK(check_json(nested(levels), levels));
  const auto deeper = check_json(nested(levels + 1), levels);
  REQUIRE(!deeper);
  CHECK(deeper.error().message.find("this nests deeper than 128 levels at byte 129") == 0);
}
