#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>

#include <doctest/doctest.h>
#include <examples/fines/log.hpp>
#include <tests/store/contract.hpp>

#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fines::event_log;
using fines::read_log;

const std::string first =
  R"({"stream":"fine-1","type":"fine:created","created":"2015-04-20T22:00:00.000Z","data":{"amount_cents":17050,)"
  R"("article":142,"dismissal":"NIL","officer":"27","points":2,"total_payment_cents":0,"vehicle_class":"A"}})";
const std::string second = R"({"stream":"fine-1","type":"fine:paid","created":"2015-04-20T22:00:00.000Z",)"
                           R"("data":{"payment_cents":50,"total_payment_cents":50}})";
const std::string third =
  R"({"stream":"fine-2","type":"fine:sent-to-collection","created":"2015-04-21T22:00:00.000Z","data":{}})";

skald::result<event_log> read(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  std::istringstream in{text};
  return read_log(in, "fines.ndjson");
}

std::vector<std::string> ids_of(const event_log& log) {
  std::vector<std::string> ids;
  for (const auto& line : log.lines) ids.push_back(line.id.str());
  return ids;
}

/// `line` with the one place where `from` stands changed.
std::string with(std::string line, std::string_view from, std::string_view to) {
  const auto place = line.find(from);
  REQUIRE(place != std::string::npos);
  return line.replace(place, from.size(), to);
}

} // namespace

TEST_CASE("a log is read line by line, with typed data") {
  const auto log = skald::test::must(read({first, second, third}));
  REQUIRE(log.lines.size() == 3);
  CHECK(log.name == "fines.ndjson");
  CHECK(log.lines[0].number == 1);
  CHECK(log.lines[0].stream == skald::stream_id{"fine-1"});
  CHECK(log.lines[0].created.str() == "2015-04-20T22:00:00.000Z");
  CHECK(std::get<fines::created>(log.lines[0].data).amount_cents == 17050);
  CHECK(std::get<fines::paid>(log.lines[1].data).payment_cents == 50);
  CHECK(log.lines[2].number == 3);
  CHECK(std::holds_alternative<fines::sent_to_collection>(log.lines[2].data));
}

TEST_CASE("an empty log, a log without a last newline, and empty metadata are fine") {
  CHECK(skald::test::must(read({})).lines.empty());
  std::istringstream in{first};
  CHECK(skald::test::must(read_log(in, "one")).lines.size() == 1);
  CHECK(read({with(third, R"("data")", R"("meta":null,"data")")}));
  CHECK(read({with(third, R"("data")", R"("meta":{},"data")")}));
  CHECK(read({"\xef\xbb\xbf" + first})); // after a byte order mark
  CHECK(read({with(third, "Z", "+00:00")}));
}

TEST_CASE("a line that does not fit is refused with its number and what is wrong") {
  struct row {
    std::string name;
    std::string line;
    std::vector<std::string> words; ///< which the message holds
  };
  const row rows[] = {
    {"no JSON", "fine-1 was paid", {"this is no JSON", "at byte 0"}},
    {"half a line", second.substr(0, 40), {"this is no JSON", "incomplete"}},
    {"two values", second + second, {"this is no JSON"}},
    {"an empty line", "", {"the line is empty"}},
    {"no object", "[1, 2]", {"is JSON, but no object"}},
    {"too deep", std::string(1000, '['), {"nests deeper than 128 levels"}},
    {"no UTF-8", with(second, "fine-1", "fine-\xff"), {"this is no JSON"}},
    {"no stream", with(second, R"("stream":"fine-1",)", ""), {"the field 'stream' is missing"}},
    {"no type", with(second, R"("type":"fine:paid",)", ""), {"the field 'type' is missing"}},
    {"no time", with(second, R"("created":"2015-04-20T22:00:00.000Z",)", ""), {"the field 'created' is missing"}},
    {"no data",
     R"({"stream":"f","type":"fine:paid","created":"2015-04-20T22:00:00.000Z"})",
     {"the field 'data' is missing"}},
    {"an unknown field", with(second, R"("data")", R"("revision":7,"data")"), {"the field 'revision' is unknown"}},
    {"metadata", with(second, R"("data")", R"("meta":{"by":"me"},"data")"), {"the field 'meta' is not empty"}},
    {"a stream that is no string", with(second, R"("fine-1")", "1"), {"the field 'stream' is no string"}},
    {"an unknown event type", with(second, "fine:paid", "fine:payd"), {"the event type 'fine:payd' is unknown"}},
    {"data of another type",
     with(second, R"("payment_cents":50)", R"("payment_cents":"50")"),
     {"do not fit 'fine:paid'", "payment_cents: expected an integer, found a string"}},
    {"data that lack a member", with(second, R"("payment_cents":50,)", ""), {"payment_cents: missing"}},
    {"data with one too many",
     with(second, R"("payment_cents":50)", R"("payment_cents":50,"by":"me")"),
     {"by: unknown"}},
    {"several mistakes, all named",
     with(second, R"("payment_cents":50)", R"("by":"me")"),
     {"payment_cents: missing", "by: unknown"}},
    {"a number beyond 64 bits",
     with(second, R"("payment_cents":50)", R"("payment_cents":9223372036854775808)"),
     {"payment_cents: expected an integer from", "to 9223372036854775807"}},
    {"a number beyond 32 bits", with(first, "142", "2147483648"), {"article: expected an integer from"}},
    {"a fraction of a cent",
     with(second, R"("payment_cents":50)", R"("payment_cents":0.5)"),
     {"payment_cents: expected an integer"}},
    {"data that are no object", with(third, "{}", "7"), {"do not fit 'fine:sent-to-collection'"}},
    {"an empty stream id", with(second, "fine-1", ""), {"a stream id is empty"}},
    {"a stream id that is too long", with(second, "fine-1", std::string(513, 'x')), {"1 to 512 bytes", "513"}},
    {"a stream id that holds NUL", with(second, "fine-1", R"(fine\u0000-1)"), {"holds NUL at byte 4"}},
    {"a reserved stream id", with(second, "fine-1", "$fine"), {"'$fine' is reserved"}},
    {"a time in words", with(second, "2015-04-20T22:00:00.000Z", "yesterday"), {"'yesterday' is no timestamp"}},
    {"a day that there is not", with(second, "2015-04-20", "2015-02-29"), {"is no timestamp"}},
    {"a time before 1970", with(second, "2015-04-20", "1815-06-18"), {"is no timestamp"}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    const auto log = read({first, r.line, third});
    REQUIRE_FALSE(log);
    const auto& message = log.error().message;
    CAPTURE(message);
    CHECK(log.error().code == skald::errc::invalid_event);
    CHECK(message.starts_with("fines.ndjson:2: "));
    CHECK(message.ends_with("; nothing of this log was imported"));
    for (const auto& words : r.words) CHECK_MESSAGE(message.find(words) != std::string::npos, words);
  }
}

TEST_CASE("data of a line may nest as deep as the store takes them, and no deeper") {
  // Of a member that is repeated, the last one counts.
  const auto data = [](std::size_t levels) {
    const auto inner = std::string(levels - 1, '[') + std::string(levels - 1, ']');
    return R"({"payment_cents":)" + inner + R"(,"payment_cents":50,"total_payment_cents":50})";
  };
  for (const auto levels : {skald::limits::json_depth, skald::limits::json_depth + 1}) {
    const auto stored = skald::from_json<fines::paid>(data(levels));
    const auto log = read({with(second, R"({"payment_cents":50,"total_payment_cents":50})", data(levels))});
    CHECK(stored.has_value() == (levels == skald::limits::json_depth));
    CHECK(log.has_value() == stored.has_value());
    if (!log)
      CHECK_MESSAGE(log.error().message.find("this nests deeper than 128 levels") != std::string::npos,
                    log.error().message);
  }
}

TEST_CASE("a log that cannot be read is named with the reason") {
  const skald::test::temporary_folder folder;
  for (const auto& [file, why] :
       {std::pair{folder.path() / "none", "No such file"}, {folder.path(), "Is a directory"}}) {
    const auto log = read_log(file);
    REQUIRE_FALSE(log);
    CHECK(log.error().code == skald::errc::read_failed);
    CHECK(log.error().message.starts_with("the log '" + file.string() + "' cannot be read: " + why));
  }
}

TEST_CASE("lines that are the same are different events, and stay so when the log grows") {
  const auto before = ids_of(skald::test::must(read({first, second, second})));
  CHECK(std::set(before.begin(), before.end()).size() == 3);

  const auto other_payment = with(second, "50", "51");
  const auto after = ids_of(skald::test::must(read({third, first, other_payment, second, third, second, second})));
  REQUIRE(after.size() == 7);
  CHECK(std::set(after.begin(), after.end()).size() == 7);
  CHECK(after[1] == before[0]);
  CHECK(after[3] == before[1]);
  CHECK(after[5] == before[2]);
}

TEST_CASE("the order of members and of spaces in a line does not change its event") {
  const std::string other_form =
    R"({ "data": {"total_payment_cents":50, "payment_cents":50}, "created":"2015-04-20T22:00:00.000Z",)"
    R"( "type":"fine:paid", "stream":"fine-1" })";
  CHECK(ids_of(skald::test::must(read({second}))) == ids_of(skald::test::must(read({other_form}))));
}

TEST_CASE("event ids are for ever: whoever changes how they are made imports every log twice") {
  CHECK(ids_of(skald::test::must(read({first, second, second}))) ==
        std::vector<std::string>{"62481871-5a33-8976-8323-6116ae52afd1", "5d97f9cb-4e3f-835f-ae6b-3f51b418ee72",
                                 "2eca91b1-b7af-8688-9e3f-0917673e2a61"});
}
