#include <skald/store/event.hpp>

#include <boost/describe/class.hpp>
#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>

#include <chrono>
#include <csignal>
#include <map>
#include <random>

using namespace skald;
using namespace skald::test;

namespace {

// All that is written follows from the number of its request, so that it can be told unharmed from harmed.

struct numbered {
  std::uint64_t request = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (request, text))
using numbered_event = skald::event<"numbered", numbered>;

constexpr std::uint64_t streams = 11;
constexpr std::uint64_t most_events = 10; // of one request

stream_id stream_of(std::uint64_t number) { return stream("s" + std::to_string(number % streams)); }
relation_key key_of(std::uint64_t number) { return relation_key{"k" + std::to_string(number)}; }

/// Events for one to three streams, kept under a key that is the request's own; every third carries out a command.
append_request numbered_request(std::uint64_t number) {
  append_request r;
  std::uint64_t event = number * most_events;
  for (std::uint64_t part = 0; part < 1 + number % 3; ++part) {
    std::vector<new_event> events;
    for (std::uint64_t i = 0; i < 1 + number % 2; ++i) {
      auto e = must(encode<numbered_event>({number, std::string(number * 37 % 3000, 'x')}));
      e.id = id(event++);
      events.push_back(std::move(e));
    }
    r.streams.emplace_back(stream_of(number + part), any, std::move(events));
  }
  r.relations = {relation_change::insert(key_of(number), stream_of(number))};
  if (number % 3 == 0) {
    r.command = command_id{"c" + std::to_string(number)};
    r.answer = number_json(number);
  }
  return r;
}

/// Appends groups of requests from `first` on, tells each that was acknowledged, and saves how far it came.
int append_for_ever(event_store& store, std::uint64_t first, std::uint32_t seed, const number_pipe& acknowledged) {
  std::mt19937 choose{seed};
  for (auto number = first;;) {
    std::vector<append_request> group;
    for (auto left = 1 + choose() % 8; left != 0; --left) group.push_back(numbered_request(number + group.size()));
    for (const auto& done : store.append(group)) {
      if (!done) return 1;
      acknowledged.write(number++);
    }
    const checkpoint_update update{"p", must(store.head()), {}};
    if (choose() % 4 == 0 && !store.save(std::span{&update, 1})) return 2;
  }
}

/// That all of the store is what was written: whole requests, each as it was made, gapless, and nothing twice. Answers
/// the numbers of its requests.
std::map<std::uint64_t, std::size_t> check_unharmed(const event_store& store) {
  for (const auto& p : must(store.verify()).problems) CHECK_MESSAGE(false, p.message);
  std::map<std::uint64_t, std::size_t> requests;
  std::map<stream_id, revision> revisions;
  std::vector<event_id> ids;
  position at;
  must(for_each(store, all_query{}, [&](const record& r) {
    REQUIRE(r.position == position{++at.value});
    REQUIRE(r.revision == revision{++revisions[r.stream].value});
    const auto made = must(decode<numbered_event>(r));
    const auto request = numbered_request(made.request);
    const auto nth = requests[made.request]++;
    std::size_t before = 0;
    const new_event* expected = nullptr;
    for (const auto& part : request.streams) {
      if (nth >= before && nth < before + part.events.size()) {
        expected = &part.events[nth - before];
        REQUIRE(r.stream == part.stream);
      }
      before += part.events.size();
    }
    REQUIRE(expected);
    REQUIRE(r.id == expected->id);
    REQUIRE(r.data == expected->data);
  }));
  CHECK(must(store.head()) == at);
  for (const auto& [name, counted] : revisions) {
    CHECK(must(store.revision_of(name)) == counted);
    CHECK(read_all(store, stream_query{name}).size() == counted.value);
  }
  for (const auto& [number, events] : requests) {
    std::size_t expected = 0;
    for (const auto& part : numbered_request(number).streams) expected += part.events.size();
    REQUIRE(events == expected); // whole
    REQUIRE(must(store.related(key_of(number))) == relation{{stream_of(number)}, revision{1}});
  }
  return requests;
}

} // namespace

SKALD_PERSISTENT(
  "a writer that is killed at any moment loses nothing it has acknowledged, and harms nothing") { // F.126
  Backend place;
  std::mt19937 random{20'000'314};
  std::uint64_t next = 1;
  std::size_t all_acknowledged = 0;
  for (int round = 0; round < rounds_of_killing(); ++round) {
    CAPTURE(round);
    number_pipe pipe;
    const auto seed = static_cast<std::uint32_t>(random());
    child_process writer{[&] {
      pipe.close_reader();
      const auto store = place.open({});
      must(store->register_projection("p", {}));
      return append_for_ever(*store, next, seed, pipe);
    }};
    pipe.close_writer();
    std::vector<std::uint64_t> acknowledged;
    for (auto survive = random() % 60; survive != 0; --survive) { // none: while it opens the store
      const auto number = pipe.read();
      REQUIRE(number);
      acknowledged.push_back(*number);
    }
    const auto moment = std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 3000};
    while (std::chrono::steady_clock::now() < moment) continue; // somewhere within a commit
    writer.kill();
    while (const auto number = pipe.read()) acknowledged.push_back(*number);
    CHECK(writer.wait() == -SIGKILL);

    const auto store = place.open({});
    const auto requests = check_unharmed(*store);
    for (const auto number : acknowledged) REQUIRE(requests.contains(number));
    CHECK(must(store->register_projection("p", {})).handled <= must(store->head()));
    if (!requests.empty()) next = requests.rbegin()->first + 1;
    CHECK(requests.size() == next - 1); // nothing between is missing
    all_acknowledged += acknowledged.size();

    // What was under way may be sent again, whatever became of it.
    for (const auto number : {next - 1, next, next}) {
      if (number == 0) continue;
      const auto again = numbered_request(number);
      CHECK(must(store->append(again)).answer == again.answer);
    }
    ++next;
    check_unharmed(*store);
  }
  CHECK(all_acknowledged > 0);
}
