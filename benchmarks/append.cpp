#include "fixtures.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

/// One request of `events` events in one stream.
seconds one_request(skald::event_store& store, std::size_t events) {
  auto request = request_to(skald::stream_id{"user-1"});
  auto& all = request.streams.front().events;
  all.assign(events, all.front());
  return timed([&] { (void)store.append(request).value(); });
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
                     return on_new_store(s.folder, events, [=](const store_file& file) {
                       return port_groups(*file.open(), ordered_names(streams), events, group);
                     });
                   },
                   0.9});
  }
  const auto many = s.scaled(10'000);
  all.push_back({"one request of " + std::to_string(many) + " events", "events", many,
                 [=] { return plain_groups(s.folder, 1, many, many); },
                 [=] {
                   return on_new_store(s.folder, many,
                                       [=](const store_file& file) { return one_request(*file.open(), many); });
                 },
                 std::nullopt});
  return all;
}

} // namespace bench
