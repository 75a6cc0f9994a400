#include <doctest/doctest.h>
#include <examples/fines/options.hpp>
#include <tests/store/printing.hpp>

#include <string>
#include <vector>

using fines::parse_options;

namespace {

using words = std::vector<const char*>;

} // namespace

TEST_CASE("the command line says where everything is") {
  const auto given = parse_options(words{"--store", "memory:", "log.ndjson", "--replay", "--data", "folder"});
  REQUIRE(given);
  CHECK(given->store == "memory:");
  CHECK(given->data == "folder");
  CHECK(given->log == "log.ndjson");
  CHECK(given->replay);
  CHECK_FALSE(given->help);

  const auto short_one = parse_options(words{"log.ndjson"});
  REQUIRE(short_one);
  CHECK(short_one->store == "sqlite:fines.db");
  CHECK(short_one->data == ".");
  CHECK_FALSE(short_one->replay);

  REQUIRE(parse_options(words{"--help"}));
  CHECK(parse_options(words{"--help"})->help);
}

TEST_CASE("a command line that does not fit is refused with what is wrong") {
  struct row {
    std::string name;
    words given;
    std::string message;
  };
  const row rows[] = {
    {"nothing", {}, "no log is given"},
    {"no log", {"--replay"}, "no log is given"},
    {"an unknown option", {"--reply", "log"}, "the option '--reply' is unknown"},
    {"a short option", {"-r", "log"}, "the option '-r' is unknown"},
    {"a value behind =", {"--store=memory:", "log"}, "the option '--store=memory:' is unknown"},
    {"a store without its value", {"log", "--store"}, "the option '--store' needs a value"},
    {"an empty folder", {"--data", "", "log"}, "the option '--data' needs a value"},
    {"two logs", {"a", "b"}, "there are two logs, 'a' and 'b': give one"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    const auto answer = parse_options(r.given);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == skald::errc::invalid_argument);
    CHECK(answer.error().message == r.message + "; see 'fines --help'");
  }
}
