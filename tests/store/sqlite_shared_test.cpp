#include <tests/store/contract.hpp>

#include <optional>

using namespace skald;
using namespace skald::test;

TEST_CASE("sqlite: a store tells once what others on its file have appended, and never what it has appended itself") {
  const temporary_folder folder;
  const auto file = folder.path() / "file.db";
  const auto one = must(open_sqlite_store(file));
  const auto two = must(open_sqlite_store(file));
  using told = std::optional<position>;
  std::uint64_t n = 0;
  const auto append = [&](event_store& to) { must(to.append(request("a", any, {an_event(++n)}))); };
  CHECK(must(two->appended_elsewhere()) == told{});
  append(*one), append(*one), append(*one);
  CHECK(must(one->appended_elsewhere()) == told{});
  CHECK(must(two->appended_elsewhere()) == told{position{0}});
  CHECK(must(two->appended_elsewhere()) == told{});
  append(*two);
  CHECK(must(two->appended_elsewhere()) == told{});
  append(*one), append(*two), append(*one); // found by the second one's append, and by its look
  CHECK(must(two->appended_elsewhere()) == told{position{4}});
  append(*one);
  CHECK(code_of(two->append(request("a", no_stream, {an_event(++n)}))) == errc::wrong_expected_revision);
  CHECK(code_of(door::open(*two, [](event_store::transaction&) -> result<void> {
          return error{errc::rejected, "no"};
        })) == errc::rejected);
  CHECK(must(two->appended_elsewhere()) == told{position{7}});
  must(one->register_projection("p", {})); // appends nothing
  CHECK(must(two->appended_elsewhere()) == told{});
}
