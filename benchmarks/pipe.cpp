#include "fixtures.hpp"
#include "workloads.hpp"

#include <tools/commands.hpp>

#include <array>
#include <fcntl.h>
#include <future>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

namespace bench {

namespace {

constexpr std::size_t streams = 1000, in_flight = 64;

/// Where one reads, and where one writes.
std::array<tools::descriptor, 2> new_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"a benchmark got no pipe"};
  return {tools::descriptor{ends[0]}, tools::descriptor{ends[1]}};
}

/// How long `skald pipe` takes for appends of one event, from the first request to the last answer. Each answer sends
/// the next request.
seconds through_pipe(const store_file& file, std::size_t events) {
  const auto names = ordered_names(streams);
  std::size_t sent = 0;
  auto requests = new_pipe();
  auto answers = new_pipe();
  const auto send = [&](std::size_t count) {
    std::string text;
    for (const auto end = std::min(sent + count, events); sent < end; ++sent)
      text += "{\"req\":" + std::to_string(sent + 1) + R"(,"op":"append","streams":[{"stream":")" +
              names[sent % streams].str() + R"(","events":[{"type":"user:renamed","data":)" + sample_data + "}]}]}\n";
    tools::write_all(requests[1].get(), text, "requests");
  };
  const auto hear = [&] {
    std::array<char, 65536> bytes;
    const auto count = ::read(answers[0].get(), bytes.data(), bytes.size());
    if (count <= 0) throw std::runtime_error{"skald pipe has ended within a benchmark"};
    return static_cast<std::size_t>(std::count(bytes.data(), bytes.data() + count, '\n'));
  };
  auto serving = std::async(std::launch::async, [&, from = std::move(requests[0]), to = std::move(answers[1])] {
    tools::descriptor_stream out{to.get(), "the answers"};
    tools::stop_source stop;
    tools::console at{.in = from.get(), .out = out, .err = std::cerr, .stop = stop};
    return tools::run_pipe({.store = file.url()}, at);
  });
  tools::write_all(requests[1].get(), "no request, to see that it has begun\n", "requests");
  while (hear() == 0) continue;
  const auto taken = timed([&] {
    for (std::size_t answered = 0, more = in_flight; answered < events; answered += more) {
      send(more);
      more = hear();
    }
  });
  requests[1] = tools::descriptor{};
  if (serving.get() != 0) throw std::runtime_error{"skald pipe has failed in a benchmark"};
  return taken;
}

} // namespace

std::vector<workload> pipe_workloads(const setting& s) {
  const auto events = s.scaled(25'600);
  return {
    {"skald pipe, 64 in flight, against as many by the store actor", "events", events,
     [=] { return through_store_actor(s.folder, streams, events, in_flight); },
     [=] { return on_new_store(s.folder, events, [=](const store_file& file) { return through_pipe(file, events); }); },
     std::nullopt}};
}

} // namespace bench
