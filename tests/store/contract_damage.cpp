#include <tests/store/contract.hpp>
#include <tests/store/sql.hpp>

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

SKALD_PERSISTENT("a snapshot of which a bit has changed does not hold, and is replaced") { // E.116
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
    const auto holds = [&](const snapshot_key& of) {
      const auto found = must(store->load_snapshot(of));
      return found && found->holds;
    };
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
      REQUIRE(holds(counted.key));
      sql_of(one, std::string{"UPDATE skald_snapshots SET "} + row.change);
      for (const auto* reducer : {"totals", "counts"})
        for (const auto* name : {"a", "b"})
          for (const bool relation : {false, true}) CHECK_FALSE(holds(key(reducer, name, relation)));
      must(store->save_snapshots(std::span{&counted, 1}));
      CHECK(holds(counted.key));
      sql_of(one, "DELETE FROM skald_snapshots");
    }
  }
}
