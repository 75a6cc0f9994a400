#include <skald/store/event.hpp>

#include <boost/describe/class.hpp>
#include <tests/store/contract.hpp>
#include <tests/store/sql.hpp>

#include <stdexcept>

using namespace skald;
using namespace skald::test;

namespace {

struct seat_taken {
  std::string guest;
};
struct seat_freed {};
BOOST_DESCRIBE_STRUCT(seat_taken, (), (guest))
BOOST_DESCRIBE_STRUCT(seat_freed, (), ())

using seat_events = skald::events<skald::event<"seat:taken", seat_taken>, skald::event<"seat:freed", seat_freed>>;

constexpr std::uint64_t seats = 2;

std::shared_ptr<catalog> seat_catalog() {
  auto types = std::make_shared<catalog>();
  must(types->add<seat_events>());
  return types;
}

/// A room has two seats, and nobody takes one twice.
std::shared_ptr<catalog> room_catalog(int* called = nullptr) {
  auto types = seat_catalog();
  must(types->validate<seat_taken>([called](const seat_taken& e, validation& of) -> result<void> {
    if (called) ++*called;
    std::uint64_t taken = 0;
    stream_query own{of.stream()};
    const auto all = of.read(own);
    if (!all) return all.error();
    for (const auto& r : all->records) {
      taken += r.type == "seat:taken" ? 1 : 0;
      taken -= r.type == "seat:freed" ? 1 : 0;
      if (r.type == "seat:taken" && must(decode<skald::event<"seat:taken", seat_taken>>(r)).guest == e.guest)
        return error{errc::rejected, e.guest + " sits there already"};
    }
    if (taken >= seats) return error{errc::rejected, "the room is full"};
    return {};
  }));
  return types;
}

new_event taken_by(std::string guest, std::uint64_t number = 0) {
  return {"seat:taken", "{\"guest\":\"" + guest + "\"}", number == 0 ? event_id{} : id(number)};
}

append_request take(std::string room, std::string guest, std::uint64_t number = 0) {
  return request(std::move(room), any, {taken_by(std::move(guest), number)});
}

bool says(const error& why, std::string_view part) { return why.message.find(part) != std::string::npos; }

} // namespace

SKALD_CONTRACT(
  "a validator that rejects an event has nothing of its request stored, and its neighbours go on") { // B.35
  auto types = seat_catalog();
  must(types->validate<seat_taken>([](const seat_taken& e, validation& of) -> result<void> {
    CHECK(of.event().type == "seat:taken");
    if (e.guest == "Eve") return error{errc::rejected, "Eve is not invited"};
    if (e.guest == "Bug") throw std::runtime_error{"a bug"};
    if (e.guest == "Failure") throw failure{error{errc::rejected, "thrown"}};
    if (e.guest == "Number") throw 7;
    return {};
  }));
  fixture store{backend, types};
  auto half = request("b", any, {taken_by("Ada"), {"seat:freed", "{}"}, taken_by("Eve")});
  half.streams.emplace_back(stream("c"), any, std::vector{taken_by("Bob")});
  half.relations.push_back(relation_change::insert(relation_key{"k"}, stream("b")));
  const std::vector group{take("a", "Ada"),    half,
                          take("a", "Eve"),    take("a", "Bob"),
                          take("a", "Bug"),    take("a", "Failure"),
                          take("a", "Number"), take("a", "Cid")};
  const auto answers = store->append(group);
  struct row {
    errc code;
    const char* says;
  };
  const row expected[] = {{errc::none, ""},
                          {errc::rejected, "event 'seat:taken' for stream 'b' is refused: Eve is not invited"},
                          {errc::rejected, "event 'seat:taken' for stream 'a' is refused: Eve is not invited"},
                          {errc::none, ""},
                          {errc::invalid_event, "a bug"},
                          {errc::rejected, "thrown"},
                          {errc::invalid_event, "no std::exception"},
                          {errc::none, ""}};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i);
    CHECK(code_of(answers[i]) == expected[i].code);
    if (answers[i]) continue;
    CHECK(answers[i].error().outcome == outcome::not_written);
    CHECK_MESSAGE(says(answers[i].error(), expected[i].says), answers[i].error().message);
  }
  CHECK(data_of(read_all(*store)) ==
        std::vector<std::string>{R"({"guest":"Ada"})", R"({"guest":"Bob"})", R"({"guest":"Cid"})"});
  CHECK(must(store->related(relation_key{"k"})).streams.empty());
}

SKALD_CONTRACT("a validator reads its own stream, and sees all that came in front") { // B.35
  fixture store{backend, room_catalog()};
  std::vector<append_request> group;
  for (const auto* guest : {"Ada", "Bob", "Cid", "Dan"}) {
    group.push_back(take("one", guest));
    group.push_back(take("two", guest));
  }
  group.push_back(request("one", exactly(2), {{"seat:freed", "{}"}}));
  group.push_back(take("one", "Ada"));
  group.push_back(take("one", "Eve"));
  const auto answers = store->append(group);
  const std::vector<errc> expected{errc::none,     errc::none,     errc::none,     errc::none,
                                   errc::rejected, errc::rejected, errc::rejected, errc::rejected,
                                   errc::none,     errc::rejected, errc::none};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i);
    CHECK(code_of(answers[i]) == expected[i]);
  }
  CHECK(says(answers[4].error(), "the room is full"));
  CHECK(says(answers[9].error(), "Ada sits there already"));
  CHECK(must(store->revision_of(stream("one"))) == revision{4});
  CHECK(must(store->revision_of(stream("two"))) == revision{2});
  CHECK(must(store->verify()).sound());
}

SKALD_CONTRACT("what a validator has read must still be so when the event is written") { // B.35
  auto types = seat_catalog();
  fixture* there = nullptr;
  std::string moved; // the stream to which somebody else writes meanwhile
  must(types->validate<seat_taken>([&](const seat_taken&, validation& of) -> result<void> {
    CHECK(must(of.revision_of(stream("house"))) == revision{1});
    CHECK(must(of.read(stream_query{of.stream()})).records.empty());
    if (!moved.empty()) must((*there)->append(request(moved, any, {{"seat:freed", "{}"}})));
    return {};
  }));
  fixture store{backend, types};
  there = &store;
  must(store->append(request("house", no_stream, {{"seat:freed", "{}"}})));
  moved = "elsewhere";
  CHECK(must(store->append(take("a", "Ada"))).revisions == std::vector{revision{1}});
  moved = "house";
  const auto answer = store->append(take("b", "Ada"));
  REQUIRE(code_of(answer) == errc::wrong_expected_revision);
  CHECK(answer.error().conflict == conflict{"house", expected_revision::exactly(revision{1}).str(), 2});
  CHECK(must(store->revision_of(stream("b"))) == revision{});
}

SKALD_CONTRACT("a request that is repeated is not validated again") { // B.35 and A.15
  int called = 0;
  fixture store{backend, room_catalog(&called)};
  const auto first = take("a", "Ada", 1);
  auto second = take("a", "Bob");
  second.command = command_id{"seat Bob"};
  const std::vector group{first, first, second, second};
  const auto answers = store->append(group);
  CHECK(must(answers[0]) == must(answers[1]));
  CHECK(must(answers[2]) == must(answers[3]));
  CHECK(called == 2);
  CHECK(must(store->append(first)) == must(answers[0]));
  CHECK(must(store->append(second)) == must(answers[2]));
  CHECK(called == 2);
  CHECK(code_of(store->append(take("a", "Cid", 3))) == errc::rejected);
  CHECK(called == 3);
  CHECK(read_all(*store).size() == 2);

  store.clock.advance(std::chrono::hours{24 * 8}); // its receipt is forgotten, and it is a new command
  CHECK(code_of(store->append(second)) == errc::rejected);
  CHECK(called == 4);
}

SKALD_CONTRACT(
  "several validators are asked in their order, each event by those of its type, and history by none") { // B.35
  auto types = seat_catalog();
  std::string asked;
  must(types->validate<seat_taken>([&](const seat_taken& e, validation&) -> result<void> {
    asked += "1" + e.guest + ' ';
    return {};
  }));
  must(types->validate<seat_taken>([&](const seat_taken& e, validation&) -> result<void> {
    asked += "2" + e.guest + ' ';
    if (e.guest == "Eve") return error{errc::rejected, "no"};
    return {};
  }));
  must(types->validate<seat_freed>([&](const seat_freed&, validation&) -> result<void> {
    asked += "freed ";
    return {};
  }));
  fixture store{backend, types};
  must(store->append(request("a", any, {taken_by("A"), {"seat:freed", "{}"}, taken_by("B")})));
  CHECK(asked == "1A 2A freed 1B 2B ");
  CHECK(code_of(store->append(request("a", any, {taken_by("Eve"), taken_by("C")}))) == errc::rejected);
  CHECK(asked == "1A 2A freed 1B 2B 1Eve 2Eve ");
  auto history = foreign(9, "a", at(1), "seat:taken");
  history.data = R"({"guest":"Eve"})";
  must(store->hydrate(std::vector{history}));
  CHECK(asked == "1A 2A freed 1B 2B 1Eve 2Eve ");
}

TEST_CASE("types are validated that the catalog knows") {
  catalog types;
  const auto nothing = [](const seat_freed&, validation&) { return result<void>{}; };
  CHECK(code_of(types.validate<seat_freed>(nothing)) == errc::event_missing);
  must(types.add<seat_events>());
  must(types.validate<seat_freed>(nothing));
  CHECK(types.validates("seat:freed"));
  CHECK_FALSE(types.validates("seat:taken"));
  CHECK_FALSE(types.validates("unknown"));
}

SKALD_PERSISTENT("a command whose receipt is damaged is not validated, and corrupt") {
  Backend one;
  int called = 0;
  store_options options;
  options.catalog = room_catalog(&called);
  const auto store = one.open(options);
  auto first = take("room", "ada");
  first.command = command_id{"c"};
  must(store->append(first));
  sql_of(one, "UPDATE skald_commands SET last = 7");
  CHECK(code_of(store->append(first)) == errc::corrupt);
  CHECK(called == 1);
  CHECK(read_all(*store).size() == 1);
}
