#include "fixtures.hpp"
#include "workloads.hpp"
#include <skald/store/sqlite_store.hpp>

namespace bench {

namespace {

/// One request of `events` events in one stream.
seconds one_request(const std::filesystem::path& folder, std::size_t events) {
  const store_file file{folder};
  const auto store = skald::open_sqlite_store(file.path()).value();
  auto request = request_to(skald::stream_id{"user-1"});
  auto& all = request.streams.front().events;
  all.assign(events, all.front());
  return timed([&] { (void)store->append(request).value(); });
}

} // namespace

std::vector<workload> append_workloads(const setting& s) {
  constexpr std::size_t streams = 1000;
  std::vector<workload> all;
  for (const std::size_t group : {1, 64, 256}) {
    const auto events = s.scaled(group == 1 ? 1000 : 25'600);
    all.push_back({"port, groups of " + std::to_string(group), "events", events,
                   [=] { return plain_groups(s.folder, streams, events, group); },
                   [=] {
                     const store_file file{s.folder};
                     return port_groups(*skald::open_sqlite_store(file.path()).value(), ordered_names(streams), events,
                                        group);
                   },
                   0.9});
  }
  const auto many = s.scaled(10'000);
  all.push_back({"one request of " + std::to_string(many) + " events", "events", many,
                 [=] { return plain_groups(s.folder, 1, many, many); }, [=] { return one_request(s.folder, many); },
                 std::nullopt});
  return all;
}

} // namespace bench
