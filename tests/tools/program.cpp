#include <tests/tools/program.hpp>

#include <tools/command_line.hpp>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace skald_program {

namespace {

void set_store_variable(const std::string& url) {
  constexpr auto name = "SKALD_STORE";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no thread reads it
  REQUIRE((url.empty() ? ::unsetenv(name) : ::setenv(name, url.c_str(), 1)) == 0);
}

} // namespace

child::ended run(const words& arguments, const setting& around) {
  set_store_variable(around.store_variable);
  tools::descriptor in{::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  REQUIRE(in.get() >= 0);
  tools::write_all(in.get(), around.in, "the input");
  REQUIRE(::lseek(in.get(), 0, SEEK_SET) == 0);
  std::ostringstream out;
  std::ostringstream err;
  tools::stop_source stop;
  if (around.stopped) stop.stop(SIGINT);
  tools::console at{in.get(), around.out ? *around.out : out, err, around.out_is_terminal, around.err_is_terminal,
                    stop,     around.out_descriptor};
  const int status = tools::run_command(arguments, at);
  set_store_variable({});
  return {status, out.str(), err.str()};
}

std::string said(const words& arguments, const setting& around) {
  const auto done = run(arguments, around);
  REQUIRE_MESSAGE(done.status == 0, done.err);
  return done.out;
}

child::process start(const words& arguments, child::process::output out) {
  return child::process{SKALD_PROGRAM, arguments, out};
}

tools::descriptor closed_terminal() {
  const tools::descriptor ours{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  REQUIRE(::grantpt(ours.get()) == 0);
  REQUIRE(::unlockpt(ours.get()) == 0);
  std::array<char, 64> terminal_name{};
  REQUIRE(::ptsname_r(ours.get(), terminal_name.data(), terminal_name.size()) == 0);
  return tools::open_file(terminal_name.data(), O_WRONLY | O_NOCTTY);
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const std::filesystem::path& file, std::string_view text) { std::ofstream{file, std::ios::binary} << text; }

words lines_of(const std::string& text) {
  words lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

small_store::small_store() {
  using namespace skald;
  const auto store = backend.open({});
  const auto at = [](std::int64_t second) {
    return timestamp{timestamp::milliseconds{std::chrono::seconds{second}}, 0};
  };
  for (std::uint8_t i = 1; i <= 3; ++i) {
    event_id::bytes_type bytes{};
    bytes.back() = i;
    ids.emplace_back(bytes);
  }
  const stream_id ada{"book-ada"};
  const stream_id bob{"book-bob"};
  std::vector<new_event> first{{"book:lent", R"({"days":14})", ids[0], at(86'400)},
                               {"book:returned", R"({ "late" : true })", ids[1], at(2 * 86'400)}};
  first[1].meta = R"({"desk":2})";
  append_request request{ada, expected_revision::any(), std::move(first)};
  request.streams.emplace_back(bob, expected_revision::any(),
                               std::vector{new_event{"book:lent", R"({"days":7})", ids[2], at(3 * 86'400)}});
  request.relations.push_back(relation_change::insert(relation_key{"lent"}, bob));
  skald::test::must(store->append(request));
}

} // namespace skald_program
