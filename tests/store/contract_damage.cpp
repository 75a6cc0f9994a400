#include <tests/store/contract.hpp>
#include <tests/store/sql.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace {

void set_in_events(const auto& backend, const char* change) {
  sql_of(backend, std::string{"UPDATE skald_events SET "} + change + " WHERE position = 2");
}

/// What is stored is kept, to be as it was again after each damage.
void keep_events(const auto& backend) { sql_of(backend, "CREATE TABLE kept AS SELECT * FROM skald_events"); }
void restore_events(const auto& backend) {
  sql_of(backend, "DELETE FROM skald_events; INSERT INTO skald_events SELECT * FROM kept");
}

struct damage {
  const char* name;
  const char* change;
};

/// What only one of the databases can hold of an event.
std::vector<damage> impossible_events(const sqlite&) {
  return {{"an id of 15 bytes", "id = x'0102030405060708090a0b0c0d0e0f'"}};
}
std::vector<damage> changed_events(const sqlite&) { return {{"its id", "id = x'0102030405060708090a0b0c0d0e0f10'"}}; }
std::vector<damage> changed_snapshots(const sqlite&, bool of_relation) {
  return {{"a short id", "id = x'01'"},
          {"a long id", "id = zeroblob(100)"},
          {"its owner", of_relation ? "relation = 2" : "stream = 2"},
          {"what it is of", "stream = relation, relation = stream"}};
}
#ifdef SKALD_WITH_POSTGRES
std::vector<damage> impossible_events(const postgres&) { return {}; }
std::vector<damage> changed_events(const postgres&) {
  return {{"its id", "id = '01020304-0506-0708-090a-0b0c0d0e0f10'"}};
}
std::vector<damage> changed_snapshots(const postgres&, bool) {
  return {{"its owner", "name = 'b'"}, {"what it is of", "of_relation = NOT of_relation"}};
}
#endif

} // namespace

SKALD_PERSISTENT("what cannot have been written is called corrupt, by its position") {
  Backend one;
  const auto store = one.open({});
  must(store->append(request("a", no_stream, some_events(1, 3))));
  keep_events(one);
  auto rows = impossible_events(one);
  rows.insert(rows.end(), {{"an unknown type", "type = 77"},
                           {"an unknown stream", "stream = 77"},
                           {"revision 0", "revision = 0"},
                           {"a negative revision", "revision = -1"},
                           {"a negative time of creation", "created = -1"},
                           {"a negative time of recording", "recorded = -1"},
                           {"a negative schema version", "schema_version = -1"},
                           {"a schema version beyond 32 bits", "schema_version = 4294967296"},
                           {"unknown flags", "flags = 8"}});
  for (const auto& row : rows) {
    CAPTURE(row.name);
    set_in_events(one, row.change);
    const auto all = store->read(all_query{});
    REQUIRE(code_of(all) == errc::corrupt);
    CHECK_MESSAGE(all.error().message.find("position 2,") != std::string::npos, all.error().message);
    if (!std::string_view{row.change}.starts_with("stream"))
      CHECK(code_of(store->read(stream_query{stream("a")})) == errc::corrupt);
    CHECK(must(store->read(all_query{}.limit(1))).records.size() == 1);
    CHECK(must(store->find(id(3))));
    restore_events(one);
    CHECK(read_all(*store).size() == 3);
  }
}

SKALD_PERSISTENT(
  "what is not what was written is called corrupt, by position, id and stream, where reads are verified") {
  Backend one;
  store_options options;
  options.verify_reads = true;
  const auto store = one.open(options);
  const auto trusting = one.open({});
  must(store->append(request("a", no_stream, some_events(1, 2))));
  must(store->append(request("b", no_stream, {an_event(11, "another:type")})));
  keep_events(one);
  auto rows = changed_events(one);
  rows.insert(rows.end(), {{"its place", "position = 9"},
                           {"its stream", "stream = 2"},
                           {"its type", "type = 2"},
                           {"its revision", "revision = 5"},
                           {"its schema version", "schema_version = 7"},
                           {"its time of creation", "created = created + 1"},
                           {"its time of recording", "recorded = recorded + 1"},
                           {"its flags", "flags = 4"},
                           {"its data", "data = '{\"n\":9}'"},
                           {"its metadata", "meta = '{}'"},
                           {"its batch", "batch = 'b'"},
                           {"its checksum", "checksum = checksum + 1"},
                           {"no checksum", "checksum = NULL"}});
  for (const auto& row : rows) {
    CAPTURE(row.name);
    set_in_events(one, row.change);
    const std::string_view change{row.change};
    const auto all = store->read(all_query{});
    REQUIRE(code_of(all) == errc::corrupt);
    const auto& says = all.error().message;
    for (const auto* part : {"position ", ", id 0", ", in stream '"})
      CHECK_MESSAGE(says.find(part) != std::string::npos, says);
    const auto now_in = change.starts_with("stream") ? "b" : "a";
    CHECK(code_of(store->read(stream_query{stream(now_in)})) == errc::corrupt);
    CHECK(code_of(store->read(streams_query{std::vector{stream(now_in)}})) == errc::corrupt);
    if (!change.starts_with("id ")) {
      CHECK(code_of(store->find(id(2))) == errc::corrupt);
      CHECK(code_of(store->append(request("a", any, some_events(2, 1)))) == errc::corrupt);
    }
    CHECK(must(store->find(id(1))));
    CHECK(must(trusting->read(all_query{})).records.size() == 3);
    restore_events(one);
    CHECK(read_all(*store).size() == 3);
  }
}

namespace {

/// The number with each of its bits flipped, as SQL.
std::vector<std::string> flipped_number(const std::string& value) {
  const auto number = static_cast<std::uint64_t>(std::stoll(value));
  std::vector<std::string> all;
  for (int bit = 0; bit < 64; ++bit)
    all.push_back(std::to_string(static_cast<std::int64_t>(number ^ std::uint64_t{1} << bit)));
  return all;
}

/// The text with a bit of each of its bytes flipped, as SQL. It stays UTF-8 without NUL.
std::vector<std::string> flipped_text(const std::string& value) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto text = value;
    const auto flipped = static_cast<char>(text[i] ^ 1 << i % 7);
    text[i] = flipped == '\0' ? '?' : flipped;
    std::string sql = "'";
    for (const auto c : text) sql += c == '\'' ? std::string{"''"} : std::string{c};
    all.push_back(sql + '\'');
  }
  return all;
}

/// Calls `look(column)` for each flip of a bit in these columns of the only row of a table. Then it is as it was.
template <class Look>
void flip_each(const auto& backend, const std::string& table, const std::vector<std::string>& numbers,
               const std::vector<std::string>& texts, Look look) {
  const auto set = [&](const std::string& column, const std::string& value) {
    sql_of(backend, "UPDATE " + table + " SET " + column + " = " + value);
  };
  const auto value_of = [&](const std::string& column) {
    return sql_of(backend, "SELECT " + column + " FROM " + table);
  };
  const auto flip = [&](const std::string& column, const std::string& sound, const std::vector<std::string>& flipped) {
    for (const auto& value : flipped) {
      CAPTURE(value);
      set(column, value);
      look(column);
    }
    set(column, sound);
  };
  for (const auto& column : numbers) flip(column, value_of(column), flipped_number(value_of(column)));
  for (const auto& column : texts) flip(column, '\'' + value_of(column) + '\'', flipped_text(value_of(column)));
}

append_request command(const char* id, append_request what = {}) {
  what.command = command_id{id};
  return what;
}

bool names(const event_store& store, std::string_view what) {
  const auto found = must(store.verify());
  return std::ranges::any_of(found.problems,
                             [&](const problem& p) { return p.message.find(what) != std::string::npos; });
}

} // namespace

SKALD_PERSISTENT("a receipt of which a bit has changed is corrupt, and its command is not carried out again") {
  Backend one;
  const auto store = one.open({});
  auto pay = command("pay 7", request("a", no_stream, some_events(1, 2)));
  pay.answer = R"({"due":110})";
  const auto original = must(store->append(pay));
  const auto again = command("pay 7", request("a", any, some_events(50, 1)));
  const auto refused = [&] {
    const auto answer = store->append(again);
    if (answer) return false;
    CHECK_MESSAGE(answer.error().message.find("delete its row in skald_commands") != std::string::npos,
                  answer.error().message);
    return answer.error().code == errc::corrupt;
  };
  std::set<std::string> verified;
  flip_each(one, "skald_commands", {"kept", "first", "last", "checksum"}, {"revisions", "answer"},
            [&](const std::string& column) {
              CAPTURE(column);
              CHECK(refused());
              if (verified.insert(column).second) CHECK(names(*store, "the receipt of command 'pay 7' is not what"));
            });
  CHECK(verified.size() == 6);
  CHECK(must(store->append(again)) == original);
  CHECK(must(store->verify()).sound());
  for (const auto* change : {"answer = NULL", "checksum = NULL", "revisions = ''"}) {
    CAPTURE(change);
    sql_of(one, std::string{"UPDATE skald_commands SET "} + change);
    CHECK(refused());
    CHECK(names(*store, "the receipt of command 'pay 7' is not what"));
  }
  sql_of(one, "UPDATE skald_commands SET id = 'pay 8'"); // another command's receipt
  CHECK(code_of(store->append(command("pay 8"))) == errc::corrupt);
  CHECK(names(*store, "the receipt of command 'pay 8' is not what"));
  CHECK(read_all(*store).size() == 2);
}

SKALD_PERSISTENT("a damaged receipt is not forgotten, and touches no other request of its group") {
  Backend one;
  const auto store = one.open({});
  must(store->append(command("damaged", request("a", no_stream, some_events(1, 1)))));
  must(store->append(command("sound")));
  sql_of(one, "UPDATE skald_commands SET kept = 1 WHERE id = 'damaged'"); // as if it were older than any receipt
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const std::vector<append_request> group{
      command("damaged", request("a", any, some_events(50, 1))), command("sound"),
      command(("new " + std::to_string(i)).c_str(), request("a", any, some_events(10 * i, 1)))};
    const auto answers = store->append(group);
    CHECK(code_of(answers[0]) == errc::corrupt);
    CHECK(answers[1]);
    CHECK(must(answers[2]).first == position{1 + i});
  }
  CHECK(names(*store, "the receipt of command 'damaged' is not what"));
  sql_of(one, "DELETE FROM skald_commands WHERE id = 'damaged'");
  CHECK(must(store->append(command("damaged", request("a", any, some_events(50, 1))))).first == position{5});
  CHECK(must(store->verify()).sound());
}

SKALD_PERSISTENT("a snapshot of which a bit has changed is none, whichever it is, and verifying names it") { // E.116
  Backend one;
  const auto store = one.open({});
  must(store->append(request("a", no_stream, some_events(1, 3))));
  const auto counted = folded(*store, snapshot_key{"totals", stream("a")});
  must(store->save_snapshots(std::span{&counted, 1}));
  std::set<std::string> verified;
  flip_each(one, "skald_snapshots", {"created", "records", "relation_revision"}, {"fingerprint", "state", "checksum"},
            [&](const std::string& column) {
              CAPTURE(column);
              CHECK_FALSE(must(store->load_snapshot(counted.key)));
              if (verified.insert(column).second)
                CHECK(names(*store, "the snapshot of stream 'a' by reducer 'totals' is not what was written"));
            });
  CHECK(verified.size() == 6);
  CHECK((must(store->load_snapshot(counted.key))->snapshot == counted));
  CHECK(must(store->verify()).sound());
}

SKALD_PERSISTENT("a snapshot of which a bit has changed is none, and is replaced") { // E.116
  Backend one;
  const auto store = one.open({});
  must(store->append(request("a", no_stream, some_events(1, 3))));
  must(store->append(request("b", no_stream, some_events(4, 3))));
  must(store->relate(std::vector{relation_change::insert(relation_key{"a"}, stream("a")),
                                 relation_change::insert(relation_key{"b"}, stream("b"))}));
  for (const bool of_relation : {false, true}) {
    CAPTURE(of_relation);
    const auto key = [&](const char* reducer, const char* name, bool relation) {
      return relation ? snapshot_key{reducer, relation_key{name}} : snapshot_key{reducer, stream(name)};
    };
    const auto counted = folded(*store, key("totals", "a", of_relation));
    const auto found = [&](const snapshot_key& of) { return must(store->load_snapshot(of)).has_value(); };
    auto rows = changed_snapshots(one, of_relation);
    rows.insert(rows.end(), {{"its state", R"(state = '{"n":9}')"},
                             {"its fingerprint", "fingerprint = 'shapf'"},
                             {"its time", "created = created - 1"},
                             {"a negative time", "created = -1"},
                             {"its last record", "id = (SELECT id FROM skald_events WHERE position = 2)"},
                             {"its count", "records = 2"},
                             {"a negative count", "records = -1"},
                             {"the revision of a relation", "relation_revision = relation_revision + 1"},
                             {"its checksum", "checksum = 'x'"},
                             {"its reducer", "reducer = 'counts'"}});
    for (const auto& row : rows) {
      CAPTURE(row.name);
      must(store->save_snapshots(std::span{&counted, 1}));
      REQUIRE(found(counted.key));
      sql_of(one, std::string{"UPDATE skald_snapshots SET "} + row.change);
      CHECK(names(*store, " is not what was written: it is not used, and the next one replaces it"));
      for (const auto* reducer : {"totals", "counts"})
        for (const auto* name : {"a", "b"})
          for (const bool relation : {false, true}) CHECK_FALSE(found(key(reducer, name, relation)));
      must(store->save_snapshots(std::span{&counted, 1}));
      CHECK(found(counted.key));
      sql_of(one, "DELETE FROM skald_snapshots");
    }
  }
}
