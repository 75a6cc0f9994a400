#include <tools/audit/load.hpp>

#include <doctest/doctest.h>
#include <tests/store/child_process.hpp>
#include <tests/tools/program.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace skald_program;
using namespace tools;

namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// A member of a line of JSON that is a number.
std::uint64_t number_in(const std::string& json, const std::string& name) {
  const auto at = json.find('"' + name + "\":");
  REQUIRE_MESSAGE(at != std::string::npos, json);
  return std::stoull(json.substr(at + name.size() + 3));
}

/// What an audit says of a log, which is that nothing is wrong.
std::string silent_audit(const std::string& store, const std::string& log) {
  const auto done = run({"audit", "--store", store, log});
  REQUIRE_MESSAGE(done.status == 0, done.out, done.err);
  return done.out;
}

std::uintmax_t size_of(const fs::path& file) {
  std::error_code none;
  const auto size = fs::file_size(file, none);
  return none ? 0 : size;
}

void wait_until_larger(const fs::path& file, std::uintmax_t size) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (size_of(file) <= size) {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < patience, "nothing is appended");
    std::this_thread::yield();
  }
}

/// A load that goes on until it is told to end, once it has been acknowledged something.
struct endless_load {
  explicit endless_load(const std::string& store)
    : loading{SKALD_PROGRAM,
              {"load", "--store", store, "--seconds", "600", "--writers", "3", "--ack-log", log.string()}} {
    wait_until_larger(log, 3000);
  }

  skald::test::temporary_folder folder;
  fs::path log = folder.path() / "acks";
  child::process loading;
};

/// Files cannot grow beyond some size while it lives.
class small_files {
public:
  explicit small_files(std::uintmax_t bytes) : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    set({bytes, before_.rlim_max});
  }
  ~small_files() {
    set(before_);
    std::signal(SIGXFSZ, handler_);
  }
  small_files(const small_files&) = delete;
  small_files& operator=(const small_files&) = delete;

private:
  static void set(const rlimit& limit) { CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0); }

  void (*handler_)(int);
  rlimit before_{};
};

} // namespace

TEST_CASE("the same options make the same appends, but for the ids") {
  const load_options options{.streams = 5, .seed = 7, .payload = 20, .events_an_append = 2};
  const auto text_of = [](load_source source) {
    std::string all;
    for (int i = 0; i < 50; ++i)
      for (const auto& part : source.next().streams) {
        all += part.stream.str() + ':';
        CHECK(part.events.size() == 2);
        for (const auto& e : part.events) {
          CHECK_FALSE(e.id.nil());
          all += e.type + e.data + '\n';
        }
      }
    return all;
  };
  const auto text = text_of({options, 1});
  CHECK(text == text_of({options, 1}));
  CHECK(text != text_of({options, 2}));
  auto other = options;
  other.seed = 8;
  CHECK(text != text_of({other, 1}));
  for (int stream = 1; stream <= 5; ++stream) CHECK(has(text, "load-" + std::to_string(stream) + ':'));
  CHECK_FALSE(has(text, "load-0:"));
  CHECK_FALSE(has(text, "load-6:"));
  CHECK(has(text, R"(skald:load{"writer":1,"number":100,"text":")"));
}

TEST_CASE("latencies are told to one part in 32, and the longest one exactly") {
  using ns = latencies::duration;
  latencies none;
  CHECK(none.quantile(0.5) == ns{0});
  latencies uniform;
  for (int i = 1; i <= 100'000; ++i) uniform.add(ns{i * 10});
  CHECK(uniform.count() == 100'000);
  for (const double part : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto exact = part * 1'000'000;
    const auto told = static_cast<double>(uniform.quantile(part).count());
    CAPTURE(part);
    CHECK(told >= exact);
    CHECK(told <= exact * (1 + 1.0 / 32) + 1);
  }
  CHECK(uniform.quantile(1) == ns{1'000'000});
  CHECK(uniform.max() == ns{1'000'000});
  latencies small;
  for (const int i : {0, 1, 2, 63}) small.add(ns{i});
  CHECK(small.quantile(0.25) == ns{0});
  CHECK(small.quantile(0.5) == ns{1});
  CHECK(small.quantile(0.75) == ns{2});
  small.add(ns::max());
  CHECK(small.max() == ns::max());
  CHECK(small.quantile(1) == ns::max());
}

SKALD_PERSISTENT("load appends what it is asked for, and tells how long it took") {
  const Backend place;
  const skald::test::temporary_folder folder;
  const auto log = (folder.path() / "acks").string();
  const words arguments{"load", "--store",   place.url(), "--events",  "60", "--per-append", "3", "--writers",
                        "4",    "--streams", "5",         "--payload", "10", "--ack-log",    log};
  const auto json = said(arguments);
  CHECK(number_in(json, "events") == 60);
  CHECK(number_in(json, "appends") == 20);
  CHECK(number_in(json, "refused") == 0);
  CHECK(number_in(json, "unknown") == 0);
  CHECK(number_in(json, "p50") <= number_in(json, "p99.9"));
  CHECK(number_in(json, "p99.9") <= number_in(json, "max"));
  CHECK(number_in(said({"stats", "--store", place.url()}), "events") == 60);
  CHECK(number_in(said({"stats", "--store", place.url()}), "streams") <= 5);
  CHECK(number_in(silent_audit(place.url(), log), "acknowledged") == 20);

  auto again = arguments;
  again.emplace_back("--table");
  const auto table = said(again);
  for (const auto* row : {"\nevents", "\np50", "\np90", "\np99", "\np99.9", "\nmax"}) CHECK(has(table, row));
  const auto audit = silent_audit(place.url(), log);
  CHECK(number_in(audit, "runs") == 2);
  CHECK(number_in(audit, "acknowledged") == 40);
  CHECK(number_in(audit, "in_doubt") == 0);
  CHECK(number_in(audit, "others") == 0);
}

TEST_CASE("a load that nobody can want is refused in a sentence") {
  const std::pair<words, std::string> rows[] = {
    {{"--writers", "0"}, "1 to 10,000 writers"},
    {{"--writers", "10001"}, "1 to 10,000 writers"},
    {{"--streams", "0"}, "at least one stream"},
    {{"--events", "0"}, "give --events 1 or more"},
    {{"--per-append", "0"}, "at least one event"},
    {{"--per-append", "100001"}, "at most 100,000"},
    {{"--payload", "100000000"}, "at most 16,777,216 bytes"},
    {{"--payload", "16777161"}, "a payload of at most 16,777,160"}, // for the JSON around it
    {{"--payload", "16777160", "--per-append", "5"}, "at most 67,108,864 bytes"},
  };
  for (const auto& [options, says] : rows) {
    words arguments{"load", "--store", "memory:"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto done = run(arguments);
    CHECK(done.status == 2);
    CHECK_MESSAGE(has(done.err, says), done.err);
    CHECK(has(done.err, "skald load --help tells more"));
  }
}

TEST_CASE("a full disk under the store ends the load, which tells so, and the audit is silent") {
  const skald::test::sqlite backend;
  const skald::test::temporary_folder folder;
  const auto log = (folder.path() / "acks").string();
  child::ended done;
  {
    const small_files limit{400'000};
    done = run({"load", "--store", backend.url(), "--payload", "50000", "--writers", "1", "--ack-log", log});
  }
  CHECK(done.status == 1);
  CHECK(number_in(done.out, "refused") + number_in(done.out, "unknown") == 2);
  CHECK_MESSAGE(has(done.err, "nobody knows; the first: "), done.err);
  CHECK(has(text_of(fs::path{log}), "\"code\":\"read_only\"}"));
  CHECK(number_in(silent_audit(backend.url(), log), "acknowledged") == number_in(done.out, "appends"));
}

TEST_CASE("a full disk under the log ends the load, and nothing was sent whose line is not there") {
  const skald::test::sqlite backend;
  const skald::test::temporary_folder folder;
  const auto log = (folder.path() / "acks").string();
  constexpr std::uintmax_t room = 2'000'000;
  std::string before = R"({"run":"now","version":1,"ns":1})";
  before.insert(before.size() - 1, std::string(room - before.size() - 1000, ' ')); // a line all the same
  write(log, before + '\n');
  child::ended done;
  {
    const small_files limit{room};
    done = run({"load", "--store", backend.url(), "--events", "1000", "--ack-log", log});
  }
  CHECK(done.status == 1);
  CHECK_MESSAGE(has(done.err, "writing '" + log + "': File too large"), done.err);
  CHECK(number_in(done.out, "events") < 10);
  const auto audit = silent_audit(backend.url(), log);
  CHECK(number_in(audit, "others") == 0);
  CHECK(number_in(audit, "appends") > 0);
  CHECK(has(run({"load", "--store", backend.url(), "--ack-log", "/dev/full"}).err, "No space left on device"));
}

TEST_CASE("load and audit end as pipes want it where nobody reads what they say, and nothing is lost") {
  std::signal(SIGPIPE, SIG_IGN);
  const skald::test::sqlite backend;
  const skald::test::temporary_folder folder;
  const auto log = (folder.path() / "acks").string();
  const std::array<words, 2> commands{words{"load", "--store", backend.url(), "--events", "20", "--ack-log", log},
                                      words{"audit", "--store", backend.url(), log}};
  for (const auto& command : commands) {
    CAPTURE(command);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const descriptor pipe{ends[1]};
    ::close(ends[0]);
    descriptor_stream out{pipe.get(), "standard output"};
    const auto done = run(command, {.out = &out});
    CHECK(done.status == 128 + SIGPIPE);
    CHECK(done.err.empty());
  }
  CHECK(number_in(silent_audit(backend.url(), log), "acknowledged") == 20);
}

TEST_CASE("an audit whose verdict cannot be written has none") {
  const skald::test::sqlite backend;
  const auto log = (backend.folder.path() / "acks").string();
  (void)said({"load", "--store", backend.url(), "--events", "1", "--ack-log", log});
  const auto full = open_file("/dev/full", O_WRONLY);
  descriptor_stream out{full.get(), "standard output"};
  const auto done = run({"audit", "--store", backend.url(), log}, {.out = &out});
  CHECK(done.status == 2);
  CHECK(has(done.err, "No space left on device"));
  CHECK(lines_of(done.err).size() == 1);
}

TEST_CASE("an interrupt, and a closed terminal, end a load in good order, with its table") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    const skald::test::sqlite backend;
    endless_load started{backend.url()};
    started.loading.send(signal);
    const auto done = started.loading.wait();
    CHECK(done.status == 128 + signal);
    CHECK(number_in(done.out, "max") > 0);
    const auto audit = silent_audit(backend.url(), started.log.string());
    CHECK(number_in(audit, "in_doubt") == 0);
    CHECK(number_in(audit, "events") == number_in(done.out, "events"));
  }
}

TEST_CASE("a load whose terminal is closed ends as by the signal that told it so") {
  const auto terminal = closed_terminal();
  tools::descriptor_stream out{terminal.get(), "standard output"};
  const auto done = run({"load", "--store", "memory:"}, {.out = &out, .stopped = true});
  CHECK(done.status == 128 + SIGINT);
  CHECK(run({"load", "--store", "memory:", "--events", "1"}, {.out = &out}).status == 1);
}

TEST_CASE("the largest payload that a load takes fits into an event") {
  CHECK(has(said({"load", "--store", "memory:", "--payload", "16777160", "--events", "1"}), "\"events\":1,"));
}

SKALD_PERSISTENT("two loads at the same time on one store keep what they were told") {
  const Backend place;
  (void)said({"init", "--store", place.url()});
  endless_load one{place.url()};
  endless_load other{place.url()};
  for (auto* started : {&one, &other}) started->loading.send(SIGINT);
  for (auto* started : {&one, &other}) {
    const auto done = started->loading.wait();
    // A machine that is busy enough lets one of them wait for its turn for longer than its patience.
    const bool refused =
      done.status == 1 && done.err.find("another process keeps the file locked") != std::string::npos;
    CHECK_MESSAGE((refused || done.status == 128 + SIGINT), done.err);
    CHECK(number_in(silent_audit(place.url(), started->log.string()), "others") > 0);
  }
}

SKALD_PERSISTENT("a load that is killed at any moment leaves an audit silent") { // F.126
  const Backend place;
  const skald::test::temporary_folder folder;
  const auto log = folder.path() / "acks";
  std::mt19937 random{20'261'125};
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < skald::test::rounds_of_killing(); ++round) {
    CAPTURE(round);
    child::process loading{SKALD_PROGRAM,
                           {"load", "--store", place.url(), "--seconds", "600", "--writers",
                            std::to_string(1 + random() % 20), "--per-append", std::to_string(1 + random() % 5),
                            "--seed", std::to_string(round), "--ack-log", log.string()}};
    wait_until_larger(log, size_of(log) + random() % 30'000); // at least that it has begun
    const auto moment = std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 3000};
    while (std::chrono::steady_clock::now() < moment) continue; // somewhere within a commit
    loading.send(SIGKILL);
    CHECK(loading.wait().status == 128 + SIGKILL);
    const auto audit = silent_audit(place.url(), log.string());
    CHECK(number_in(audit, "runs") == static_cast<std::uint64_t>(round) + 1);
    CHECK(number_in(audit, "others") == 0);
    acknowledged = number_in(audit, "acknowledged");
  }
  CHECK(acknowledged > 0);
}
