#include "fixtures.hpp"
#include "workloads.hpp"

#include <tools/commands.hpp>
#include <tools/logs/event_line.hpp>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

constexpr std::size_t streams = 1000;

/// A log with ids, gone at the end.
class log_file {
public:
  log_file(const std::filesystem::path& folder, std::size_t events) : path_{folder / "bench.ndjson"}, events_{events} {
    const auto names = ordered_names(streams);
    rotation next{names};
    skald::hybrid_clock clock;
    skald::record r;
    r.type = "user:renamed";
    r.data = sample_data;
    std::ofstream out{path_, std::ios::binary};
    for (std::size_t i = 0; i < events; ++i) {
      r.id = skald::make_event_id();
      r.stream = next.next();
      r.created = clock.now();
      out << tools::event_line(r) << '\n';
    }
    if (!out.flush()) throw std::runtime_error{"the log of a benchmark cannot be written: " + path_.string()};
  }
  ~log_file() { std::filesystem::remove(path_); }
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;

  seconds import(const store_file& to) const {
    std::ostringstream out;
    std::ostringstream err;
    tools::stop_source stop;
    tools::console at{.in = -1, .out = out, .err = err, .stop = stop};
    const auto taken = timed([&] { tools::run_import({.store = to.url()}, {.files = {path_.string()}}, at); });
    if (out.str() != "{\"written\":" + std::to_string(events_) + ",\"known\":0,\"refused\":0}\n")
      throw std::runtime_error{"a benchmark's log was not imported: " + out.str() + err.str()};
    return taken;
  }

private:
  std::filesystem::path path_;
  std::size_t events_;
};

} // namespace

std::vector<workload> import_workloads(const setting& s) {
  const auto events = s.scaled(1'000'000);
  const auto log = shared([=] { return std::make_unique<const log_file>(s.folder, events); });
  const auto against = [=](const std::string& floor, plain_sqlite::ids ids, std::optional<double> bar) {
    return workload{
      "skald import, against plain transactions of 10,000" + floor,
      "events",
      events,
      [=] { return plain_groups(s.folder, streams, events, 10'000, ids, 10'000); },
      [=] { return on_new_store(s.folder, events, [=](const store_file& to) { return log().import(to); }); },
      bar};
  };
  return {against("", plain_sqlite::ids::made, 0.6), against(" that look up each id", plain_sqlite::ids::given, {})};
}

} // namespace bench
