// The code of "Long streams" in docs/guide/aggregates.md.

#include <skald/actors/node.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace {

struct borrowed {
  std::string reader;
  int days = 0;
};
struct returned {};
BOOST_DESCRIBE_STRUCT(borrowed, (), (reader, days))
BOOST_DESCRIBE_STRUCT(returned, (), ())
using book_events = skald::events<skald::event<"book:borrowed", borrowed>, skald::event<"book:returned", returned>>;

struct shelf {
  std::optional<std::string> reader;
};
BOOST_DESCRIBE_STRUCT(shelf, (), (reader))

class book : public skald::aggregate<book, book_events, shelf> {
public:
  static constexpr std::string_view name = "book";
  void with(const borrowed& e) { state_.reader = e.reader; }
  void with(const returned&) { state_.reader.reset(); }

  void lend(const std::string& reader) {
    if (state_.reader) throw skald::rejected{"it is with " + *state_.reader};
    push(borrowed{reader, 14});
  }
};

} // namespace

TEST_CASE("the aggregate with a state struct of the README lends its book, and shows who has it") {
  skald::node node{{.store = "memory:"}};
  auto books = node.aggregates<book>(skald::snapshot_every{500});
  std::optional<std::string> reader;
  const auto status = node.run([&]() -> skald::task<void> {
    co_await books.execute(skald::stream_id{"book-1"}, [](book& b) { b.lend("Ada"); });
    reader = (co_await books.get(skald::stream_id{"book-1"})).state().reader;
  });
  CHECK(status == 0);
  CHECK(reader == "Ada");
}
