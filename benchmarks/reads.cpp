#include "fixtures.hpp"
#include "plain_sqlite.hpp"
#include "workloads.hpp"
#include <skald/actors/node.hpp>
#include <skald/store/json.hpp>
#include <skald/store/open_store.hpp>
#include <skald/store/sqlite_store.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

/// A store that is filled once and read by every pair. Streams have a thousand events each, which lie apart.
class filled_store {
public:
  filled_store(const std::filesystem::path& folder, std::size_t events) : file_{folder}, streams_{names(events)} {
    file_.fill(streams_, events);
  }

  [[nodiscard]] std::string url() const { return file_.url(); }

  seconds plain_scan() {
    plain_sqlite db{file_.path(), plain_sqlite::use::reading};
    std::size_t bytes = 0;
    return timed([&] { db.scan([&](std::string_view data) { bytes += data.size(); }); });
  }

  seconds plain_scan_and_parse() {
    plain_sqlite db{file_.path(), plain_sqlite::use::reading};
    std::int64_t sum = 0;
    return timed([&] { db.scan([&](std::string_view data) { sum += skald::from_json<renamed>(data).value().age; }); });
  }

  seconds plain_streams(std::size_t count) {
    plain_sqlite db{file_.path(), plain_sqlite::use::reading};
    std::size_t events = 0;
    return timed([&] {
      for (std::size_t i = 0; i < count; ++i) events += db.scan_stream(stream(i));
    });
  }

  seconds read_all() const { return read(std::vector{skald::all_query{}}); }

  seconds read_streams(std::size_t count) const {
    std::vector<skald::stream_query> queries;
    for (std::size_t i = 0; i < count; ++i) queries.emplace_back(stream(i));
    return read(queries);
  }

  seconds replay() {
    seconds taken{};
    skald::node n{{.store = file_.url()}};
    n.events<user_events>();
    auto p = n.projector("projection-" + std::to_string(++rounds_)); // a new name: history arrives as hydrated
    std::int64_t sum = 0;
    p.on<renamed>([&sum](skald::record_of<renamed> r) -> skald::task<void> {
      sum += r->age;
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

private:
  static std::vector<skald::stream_id> names(std::size_t events) {
    return ordered_names(std::max<std::size_t>(1, events / 1000));
  }

  [[nodiscard]] const skald::stream_id& stream(std::size_t i) const { return streams_[i * 7919 % streams_.size()]; }

  template <class Query>
  seconds read(const std::vector<Query>& queries) const {
    const auto store = skald::open_sqlite_store(file_.path()).value();
    std::size_t bytes = 0;
    const auto taken = timed([&] {
      for (const auto& query : queries)
        skald::for_each(*store, query, [&](const skald::record& r) { bytes += r.data.size(); }).value();
    });
    if (bytes == 0) throw std::runtime_error{"the queries have read nothing"};
    return taken;
  }

  store_file file_;
  std::vector<skald::stream_id> streams_;
  int rounds_ = 0;
};

/// The most that this process ever had resident, in MiB.
double peak_mebibytes() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + std::strlen("VmHWM:"), nullptr) / 1024;
  throw std::runtime_error{"/proc/self/status does not tell VmHWM"};
}

/// Has `read_all` run in a process of its own, and answers what it tells.
double peak_of_child(const char* how, const std::string& url) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error{"no pipe to a process of its own"};
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "skald_bench", "--read-all", how, url.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string told;
  std::array<char, 64> part{};
  for (ssize_t n = 0; (n = ::read(ends[0], part.data(), part.size())) > 0;)
    told.append(part.data(), static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error{"the process that reads has failed"};
  return std::strtod(told.c_str(), nullptr);
}

} // namespace

int read_all(const char* how, const char* url) {
  std::uint64_t records = 0;
  if (std::string_view{how} == "port") {
    const auto store = skald::open_store(url).value();
    skald::for_each(*store, skald::all_query{}, [&](const skald::record&) { ++records; }).value();
  } else {
    skald::node n{{.store = url}};
    n.events<user_events>();
    auto p = n.projector("projection");
    p.on<renamed>([&records](skald::record_of<renamed>) -> skald::task<void> {
      ++records;
      co_return;
    });
    const auto status = n.run([&]() -> skald::task<void> {
      const auto head = co_await n.head();
      co_await p.reached(head, std::chrono::hours{1});
    });
    if (status != 0) return status;
  }
  std::printf("%.1f\n", peak_mebibytes());
  return records == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

std::vector<workload> read_workloads(const setting& s) {
  const auto events = s.scaled(1'000'000);
  const auto filled = std::make_shared<std::unique_ptr<filled_store>>();
  const auto store = [=]() -> filled_store& {
    if (!*filled) *filled = std::make_unique<filled_store>(s.folder, events);
    return **filled;
  };
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
  const auto filled = std::make_shared<std::unique_ptr<filled_store>>();
  const auto peak = [=](const char* how) {
    if (!*filled) *filled = std::make_unique<filled_store>(s.folder, events);
    return peak_of_child(how, (*filled)->url());
  };
  const auto of = " of " + std::to_string(events) + " records";
  return {{"memory, reading all" + of, "MiB", [=] { return peak("port"); }, 100},
          {"memory, replay through one `on` handler" + of, "MiB", [=] { return peak("replay"); }, 100}};
}

} // namespace bench
