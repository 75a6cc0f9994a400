#include <doctest/doctest.h>
#include <tests/tools/program.hpp>
#include <tools/pipe/session.hpp>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SKALD_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SKALD_SANITIZED
#endif
#endif

#ifndef SKALD_SANITIZED // which takes memory of its own

using namespace skald_program;

namespace {

/// Not quite the longest line.
constexpr std::size_t long_text = 57'000'000;

std::string repeated(std::string_view piece, std::size_t bytes = long_text) {
  std::string text;
  text.reserve(bytes + piece.size());
  while (text.size() < bytes) text += piece;
  return text;
}

std::string list(const std::string& element, std::size_t bytes = long_text) {
  return '[' + repeated(element + ',', bytes) + element + ']';
}

/// What the program makes of a line, whose pieces are not put together here: what this process holds counts as the
/// program's.
child::ended answer_to(const words& command, const std::vector<std::string_view>& line) {
  const skald::test::temporary_folder folder;
  const auto in = (folder.path() / "in").string();
  std::ofstream file{in, std::ios::binary};
  for (const auto piece : line) file << piece;
  file.close();
  words arguments{"-c", R"(in=$1; shift; exec "$@" <"$in")", "sh", in, SKALD_PROGRAM};
  arguments.insert(arguments.end(), command.begin(), command.end());
  return child::process{"/bin/sh", arguments}.wait();
}

} // namespace

TEST_CASE("a request costs less than twice the memory of what may be under way, whatever its line holds") {
  const auto objects = list("{}");
  const auto numbers = list("1");
  const struct {
    std::string name;
    std::string before; ///< the text
    const std::string& text;
    std::string after;
    std::string says;
  } rows[] = {
    {"streams", R"({"req":1,"op":"append","streams":)", objects, "}", "more than 10000 streams: make several of it"},
    {"events", R"({"req":1,"op":"append","streams":[{"stream":"a","events":)", numbers, "}]}",
     "more than 100000 events: make several of it"},
    {"relations", R"({"req":1,"op":"relate","relations":)", numbers, "}", "more than 100000 changes of relations"},
    {"records", R"({"req":1,"op":"hydrate","records":)", objects, "}", "more than 100000 events: make several of it"},
    {"names", R"({"req":1,"op":"read","keys":)", numbers, "}", "a query names 28500001 streams or keys, at most 10000"},
    {"types", R"({"req":1,"op":"read_all","types":)", objects, "}", "a query names 19000001 event types, at most 1000"},
    {"a truth", R"({"req":1,"op":"append","streams":[],"emit":)", numbers, "}", "expected a boolean, found an array"},
    {"a number", R"({"req":1,"op":"read_all","limit":)", numbers, "}", "18446744073709551615, found an array"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto done = answer_to({"pipe", "--store", "memory:"}, {row.before, row.text, row.after, "\n"});
    CHECK(done.out.starts_with(R"({"req":1,"ok":false,"error":{"code":"invalid_argument",)"));
    CHECK_MESSAGE(done.out.find(row.says) != std::string::npos, done.out);
    CHECK(done.peak_bytes < 2 * tools::pipe_session::most_bytes);
  }
}

TEST_CASE("pages that are read together cost no more") {
  const skald::test::sqlite backend;
  const auto data = '"' + repeated("x", 15'000'000) + '"';
  std::string events;
  for (int i = 0; i < 3; ++i)
    events.append(i == 0 ? "" : ",").append(R"({"type":"t","data":)").append(data).append("}");
  said({"pipe", "--store", backend.url()},
       {.in = R"({"req":1,"op":"append","streams":[{"stream":"a","events":[)" + events + "]}]}\n"});
  std::string reads;
  for (int i = 1; i <= 32; ++i) reads += "{\"req\":" + std::to_string(i) + ",\"op\":\"read_all\"}\n";
  const auto done = answer_to({"pipe", "--store", backend.url()}, {reads});
  CHECK(done.peak_bytes < 2 * tools::pipe_session::most_bytes);
}

TEST_CASE("a line that is no JSON, or no event, costs as little memory") {
  const auto numbers = list("1");
  const auto broken = answer_to({"pipe", "--store", "memory:"}, {R"({"req":)", numbers, ",\"op\":NaN}\n"});
  CHECK(broken.out.find("this is no JSON") != std::string::npos);
  CHECK(broken.peak_bytes < 2 * tools::pipe_session::most_bytes);

  const skald::test::sqlite backend;
  const auto refused = answer_to({"import", "--store", backend.url(), "-"},
                                 {R"({"stream":"a","type":"t","data":1,"counter":)", numbers, "}\n"});
  CHECK_MESSAGE(refused.err.find("found an array") != std::string::npos, refused.err);
  CHECK(refused.peak_bytes < 2 * tools::pipe_session::most_bytes);
}

TEST_CASE("lines of a log that are refused later cost no more together") {
  const skald::test::sqlite backend;
  const std::string before = R"({"stream":"a","data":1,"created":"2020-01-01T00:00:00Z","type":")";
  const auto type = repeated("t");
  const std::string after = "\"}\n";
  std::vector<std::string_view> lines;
  for (int i = 0; i < 10; ++i) lines.insert(lines.end(), {before, type, after});
  const auto done = answer_to({"import", "--store", backend.url(), "-"}, lines);
  CHECK_MESSAGE(done.err.find("an event type has 1 to 256 bytes") != std::string::npos, done.err);
  CHECK(done.peak_bytes < 2 * tools::pipe_session::most_bytes);
}

#endif
