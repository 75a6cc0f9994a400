#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>

using namespace skald;
using namespace skald::test;

namespace {

append_request command(std::string id, std::string answer, append_request what) {
  what.command = command_id{std::move(id)};
  what.answer = std::move(answer);
  return what;
}

} // namespace

SKALD_CONTRACT("a command that is sent again gets the receipt and the answer of the first time, and writes nothing") {
  fixture store{backend};
  auto first = request("a", no_stream, some_events(1, 2));
  first.streams.emplace_back(stream("b"), any);
  first.relations.push_back(relation_change::insert(relation_key{"k"}, stream("a")));
  const auto original = must(store->append(command("pay 7", R"({ "due": 1.10 })", first)));
  CHECK(original == receipt{{revision{2}, revision{0}}, position{1}, position{2}, R"({ "due": 1.10 })"});
  must(store->append(request("a", any, some_events(3, 1))));
  const auto before = read_all(*store);
  const auto related = must(store->related(relation_key{"k"}));
  for (int i = 0; i < 2; ++i) {
    // Decided anew, on another state, by somebody who does not know that it was carried out.
    auto again = request("a", exactly(3), some_events(50, 1));
    again.relations.push_back(relation_change::remove_key(relation_key{"k"}));
    CHECK(must(store->append(command("pay 7", "\"another\"", again))) == original);
    CHECK(must(store->append(command("pay 7", "", request("a", no_stream, some_events(60, 1))))) == original);
    CHECK(must(store->append(command("pay 7", "", {}))) == original);
    CHECK(read_all(*store) == before);
    CHECK(must(store->related(relation_key{"k"})) == related);
    if (backend.persistent) store.reopen();
  }
  CHECK(must(store->append(command("pay 8", "", request("a", exactly(3), some_events(50, 1))))).last == position{4});
}

SKALD_CONTRACT("a command is carried out once where it stands twice in a group") {
  fixture store{backend};
  const auto one = command("c", "1", request("a", any, some_events(1, 1)));
  const auto two = command("c", "2", request("a", any, some_events(2, 1)));
  const std::vector<append_request> group{one, two, request("a", any, some_events(3, 1))};
  const auto answers = store->append(group);
  CHECK(must(answers[0]) == must(answers[1]));
  CHECK(must(answers[2]).first == position{2});
  CHECK(data_of(read_all(*store)) == std::vector{number_json(1), number_json(3)});
}

SKALD_CONTRACT("a refused command keeps nothing and may be sent again") {
  fixture store{backend};
  CHECK(code_of(store->append(command("c", "1", request("a", stream_exists, some_events(1, 1))))) ==
        errc::wrong_expected_revision);
  CHECK(must(store->append(command("c", "2", request("a", no_stream, some_events(1, 1))))).answer == "2");
  CHECK(must(store->append(command("c", "3", request("a", no_stream, some_events(1, 1))))).answer == "2");
}

SKALD_CONTRACT("a command that decides on nothing keeps its answer") {
  fixture store{backend};
  CHECK(must(store->append(command("c", "\"nothing to do\"", {}))) == receipt{{}, {}, {}, "\"nothing to do\""});
  CHECK(must(store->append(command("c", "", request("a", any, some_events(1, 1))))).answer == "\"nothing to do\"");
  CHECK(read_all(*store).empty());
}

SKALD_CONTRACT("events that were appended without their command get their receipt, which is kept from then on") {
  fixture store{backend};
  const auto plain = request("a", no_stream, some_events(1, 2));
  const auto original = must(store->append(plain));
  auto expected = original;
  expected.answer = "true";
  CHECK(must(store->append(command("c", "true", plain))) == expected);
  CHECK(must(store->append(command("c", "", request("b", any, some_events(9, 1))))) == expected);
  CHECK(read_all(*store).size() == 2);
}

SKALD_CONTRACT("a receipt is kept for a week at least, then the command is a new one") {
  fixture store{backend};
  const auto send = [&](const char* id, std::uint64_t number) {
    return must(store->append(command(id, "", request("a", any, some_events(number, 1))))).last;
  };
  CHECK(send("c", 1) == position{1});
  CHECK(send("d", 2) == position{2});
  store.clock.advance(std::chrono::hours{24 * 7});
  CHECK(send("c", 3) == position{1});
  store.clock.advance(std::chrono::milliseconds{2});
  CHECK(send("c", 4) == position{3});
  CHECK(send("c", 5) == position{3});
  for (std::uint64_t i = 0; i < 20; ++i) send(("e" + std::to_string(i)).c_str(), 10 + i);
  CHECK(send("d", 6) == position{24});
  CHECK(send("e0", 7) == position{4});
}

SKALD_CONTRACT("receipts that are older than their retention are forgotten with those that are kept") {
  fixture store{backend};
  const auto count = [&] {
    std::size_t known = 0;
    for (int i = 0; i < 10; ++i) {
      auto probe = command("old " + std::to_string(i), "", {});
      must(door::open(*store, [&](event_store::transaction& tx) -> result<void> {
        known += tx.find(probe.command) ? 1 : 0;
        return {};
      }));
    }
    return known;
  };
  for (int i = 0; i < 10; ++i) must(store->append(command("old " + std::to_string(i), "", {})));
  CHECK(count() == 10);
  store.clock.advance(std::chrono::hours{24 * 8});
  for (int i = 0; i < 5; ++i) {
    CHECK(count() == 10 - 2 * static_cast<std::size_t>(i));
    must(store->append(command("new " + std::to_string(i), "", {})));
  }
  CHECK(count() == 0);
  CHECK(must(store->append(command("new 0", "1", {}))).answer.empty());
}

SKALD_CONTRACT("an answer that is no JSON, too large, or without a command is refused") {
  fixture store{backend};
  const auto answer_of = [](std::size_t bytes) { return '"' + std::string(bytes - 2, 'x') + '"'; };
  struct row {
    const char* name;
    append_request request;
    std::string says;
  };
  const row rows[] = {
    {"no JSON", command("c", "{", request("a", any, some_events(1, 1))), "the answer to command 'c'"},
    {"too large", command("c", answer_of(limits::answer_bytes + 1), request("a", any, some_events(1, 1))),
     "at most " + std::to_string(limits::answer_bytes) + " are kept"},
    {"no command", command("x", "1", request("a", any, some_events(1, 1))), "give a command id"},
  };
  for (auto row : rows) {
    CAPTURE(row.name);
    if (std::string_view{row.name} == "no command") row.request.command = {};
    const auto answer = store->append(row.request);
    CHECK(code_of(answer) == errc::invalid_argument);
    CHECK_MESSAGE(answer.error().message.find(row.says) != std::string::npos, answer.error().message);
    CHECK(read_all(*store).empty());
  }
  const auto largest = answer_of(limits::answer_bytes);
  must(store->append(command("c", largest, {})));
  CHECK((must(store->append(command("c", "", {}))).answer == largest));
}

SKALD_CONTRACT("an undone transaction leaves the receipts of commands as they were") {
  fixture store{backend};
  const command_id known{"known"};
  const command_id unknown{"new"};
  must(store->append(command("known", "1", {})));
  const auto undone = door::open(*store, [&](event_store::transaction& tx) -> result<void> {
    tx.keep(known, {{}, {}, {}, "2"}, store->clock().now());
    tx.keep(unknown, {{}, {}, {}, "3"}, store->clock().now());
    CHECK(tx.find(known)->given.answer == "2");
    tx.forget_receipts(timestamp::max());
    CHECK_FALSE(tx.find(known));
    return error{errc::rejected, "for the test"};
  });
  CHECK(code_of(undone) == errc::rejected);
  must(door::open(*store, [&](event_store::transaction& tx) -> result<void> {
    CHECK(tx.find(known)->given.answer == "1");
    CHECK_FALSE(tx.find(unknown));
    return {};
  }));
}
