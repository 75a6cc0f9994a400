#include "fixtures.hpp"
#include "workloads.hpp"
#include <skald/actors/node.hpp>
#include <skald/store/json.hpp>
#include <skald/store/open_store.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

/// How long it takes until one `on` handler of a projection has had the whole store, once the node is there. The name
/// is a new one: then history arrives, as hydrated.
seconds replay(const std::string& url, const std::string& name, std::function<void(const renamed&)> visit) {
  seconds taken{};
  skald::node n{{.store = url}};
  n.events<user_events>();
  auto p = n.projector(name);
  p.on<renamed>([&visit](skald::record_of<renamed> r) -> skald::task<void> {
    visit(r.data());
    co_return;
  });
  const auto start = std::chrono::steady_clock::now();
  const auto status = n.run([&]() -> skald::task<void> {
    const auto head = co_await n.head();
    co_await p.reached(head, std::chrono::hours{1});
    taken = std::chrono::steady_clock::now() - start;
  });
  if (status != 0) throw std::runtime_error{"a benchmark failed, see above"};
  return taken;
}

/// A store that is filled once and read by every pair.
class filled_store {
public:
  filled_store(const std::filesystem::path& folder, std::size_t events) : file_{folder}, history_{events} {
    file_.fill(history_.streams(), events);
  }

  [[nodiscard]] std::string url() const { return file_.url(); }

  seconds read_all() const { return history_.read_all(*file_.open()); }
  seconds read_streams(std::size_t count) const { return history_.read_streams(*file_.open(), count); }
  seconds replay() {
    std::size_t sum = 0;
    const auto taken = bench::replay(url(), "projection-" + std::to_string(++rounds_),
                                     [&](const renamed& e) { sum += static_cast<std::size_t>(e.age); });
    must_be(sum, sum_of_ages(), "the sum of what was replayed");
    return taken;
  }

  seconds plain_scan() const {
    auto db = open_plainly();
    return history_.read_all_plainly(db);
  }
  seconds plain_streams(std::size_t count) const {
    auto db = open_plainly();
    return history_.read_streams_plainly(db, count);
  }
  seconds plain_scan_and_parse() const {
    auto db = open_plainly();
    std::size_t sum = 0;
    const auto taken = timed([&] {
      db.scan(
        [&](std::string_view data) { sum += static_cast<std::size_t>(skald::from_json<renamed>(data).value().age); });
    });
    must_be(sum, sum_of_ages(), "the sum of what was parsed");
    return taken;
  }

private:
  [[nodiscard]] plain_sqlite open_plainly() const { return {file_.path(), plain_sqlite::use::reading}; }
  [[nodiscard]] std::size_t sum_of_ages() const {
    return history_.events() * static_cast<std::size_t>(skald::from_json<renamed>(sample_data).value().age);
  }

  store_file file_;
  history history_;
  int rounds_ = 0;
};

/// The most that this process ever had resident, in MiB.
double peak_mebibytes() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + std::strlen("VmHWM:"), nullptr) / 1024;
  throw std::runtime_error{"/proc/self/status does not tell VmHWM"};
}

/// A way to read a whole store, and to be named on a command line. Answers how many records it has read.
struct way {
  const char* word;
  std::string_view name;
  std::size_t (*read)(const std::string& url);
};

constexpr std::array ways{
  way{"port", "reading all",
      [](const std::string& url) {
        std::size_t records = 0;
        const auto store = skald::open_store(url).value();
        skald::for_each(*store, skald::all_query{}, [&](const skald::record&) { ++records; }).value();
        return records;
      }},
  way{"replay", "replay through one `on` handler", [](const std::string& url) {
        std::size_t records = 0;
        (void)replay(url, "projection", [&](const renamed&) { ++records; });
        return records;
      }}};

/// Has `read_all` run in a process of its own, and answers what it tells.
double peak_of_child(const way& how, const std::string& url) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error{"no pipe to a process of its own"};
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "skald_bench", "--read-all", how.word, url.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string told;
  std::array<char, 64> part{};
  for (ssize_t n = 0; (n = ::read(ends[0], part.data(), part.size())) > 0;)
    told.append(part.data(), static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0 || told.empty())
    throw std::runtime_error{"the process that reads has failed"};
  return std::strtod(told.c_str(), nullptr);
}

} // namespace

void read_all(std::string_view how, const std::string& url) {
  const auto* found = std::ranges::find(ways, how, &way::word);
  if (found == ways.end()) throw std::invalid_argument{"--read-all by '" + std::string{how} + "' is not known"};
  const auto records = found->read(url);
  const auto peak = peak_mebibytes(); // before more is opened
  must_be(records, skald::open_store(url).value()->head().value().value, "records that were read");
  std::printf("%.1f\n", peak);
}

std::vector<workload> read_workloads(const setting& s) {
  const auto events = s.scaled(1'000'000);
  const auto store = shared([=] { return std::make_unique<filled_store>(s.folder, events); });
  constexpr std::size_t streams = 200;
  std::vector<workload> all;
  all.push_back({"streams of 1000 records", "streams", streams, [=] { return store().plain_streams(streams); },
                 [=] { return store().read_streams(streams); }, 1 / 1.5});
  all.push_back({"all of " + std::to_string(events) + " records, against a plain scan", "records", events,
                 [=] { return store().plain_scan(); }, [=] { return store().read_all(); }, 0.6});
  all.push_back({"replay through one `on` handler, against a plain scan that parses", "records", events,
                 [=] { return store().plain_scan_and_parse(); }, [=] { return store().replay(); }, 0.3});
  return all;
}

std::vector<amount> memory_amounts(const setting& s) {
  const auto events = s.scaled(10'000'000);
  const auto store = shared([=] { return std::make_unique<filled_store>(s.folder, events); });
  std::vector<amount> all;
  for (const auto& how : ways)
    all.push_back({"memory, " + std::string{how.name} + " of " + std::to_string(events) + " records", "MiB",
                   [=] { return peak_of_child(how, store().url()); }, 100});
  return all;
}

} // namespace bench
