#include <skald/store/checksum.hpp>

#include <doctest/doctest.h>
#include <tests/store/contract.hpp>

#include <functional>
#include <set>

using namespace skald;
using namespace skald::test;

namespace {

record a_record() {
  auto r = foreign(1, "fine-1", at(5, 3), "fine:paid");
  r.schema_version = 2;
  r.meta = R"({"by":"ada"})";
  r.recorded = at(9);
  r.batch = batch_key{"import"};
  r.silent = true;
  return r;
}

} // namespace

TEST_CASE("a checksum is of the bytes that the storage format tells, for good") {
  // Another program put the bytes together, and `xxhsum -H3` summed them up.
  CHECK(checksum_of(a_record()) == 0x1676df61ae8d8d61);
  CHECK(checksum_of(record{}) == 0xa72a6d0e58f9cb43);
  auto large = a_record();
  large.data = '"' + std::string(2000, 'x') + '"';
  CHECK(checksum_of(large) == 0x2419089643668a81);
}

TEST_CASE("the checksum of a receipt is of the bytes that the storage format tells, for good") {
  const receipt paid{{revision{1}, revision{300}}, position{14}, position{15}, R"({"due":1})"};
  CHECK(checksum_of(command_id{"pay 7"}, paid, timestamp{65536}) == 0x62001ce50f14145a); // as above
  CHECK(checksum_of(command_id{"c"}, {}, timestamp{}) == 0x6551eb99faa5e1c7);
}

TEST_CASE("a checksum changes with each member of a receipt") {
  const command_id pay{"pay 7"};
  const timestamp kept{65536};
  const receipt paid{{revision{1}, revision{2}}, position{14}, position{15}, "1"};
  CHECK(std::set{checksum_of(pay, paid, kept), checksum_of(command_id{"pay 8"}, paid, kept),
                 checksum_of(pay, paid, timestamp{65537}),
                 checksum_of(pay, {{revision{1}}, position{14}, position{15}, "1"}, kept),
                 checksum_of(pay, {{revision{2}, revision{1}}, position{14}, position{15}, "1"}, kept),
                 checksum_of(pay, {paid.revisions, position{15}, position{14}, "1"}, kept),
                 checksum_of(pay, {paid.revisions, position{14}, position{15}, ""}, kept)}
          .size() == 7);
}

TEST_CASE("a checksum changes with each member of a record") {
  const std::function<void(record&)> changes[] = {
    [](record& r) { r.position = position{78}; },
    [](record& r) { r.id = id(2); },
    [](record& r) { r.stream = stream("fine-2"); },
    [](record& r) { r.revision = revision{8}; },
    [](record& r) { r.type = "fine:paie"; },
    [](record& r) { r.schema_version = 3; },
    [](record& r) { r.data += ' '; },
    [](record& r) { r.meta += ' '; },
    [](record& r) { r.meta.clear(); },
    [](record& r) { r.created = r.created.next(); },
    [](record& r) { r.recorded = r.recorded.next(); },
    [](record& r) { r.batch = {}; },
    [](record& r) { r.hydrated = true; },
    [](record& r) { r.outdated = true; },
    [](record& r) { r.silent = false; },
    [](record& r) { std::swap(r.data, r.meta); },
    [](record& r) { // the same text, cut elsewhere
      r.data += r.meta.front();
      r.meta.erase(0, 1);
    },
  };
  std::set<std::uint64_t> sums{checksum_of(a_record())};
  for (const auto& change : changes) {
    auto r = a_record();
    change(r);
    sums.insert(checksum_of(r));
  }
  CHECK(sums.size() == 1 + std::size(changes));
}
