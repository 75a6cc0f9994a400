// The code of "First aggregate" in the README, and of docs/guide/aggregates.md.

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

class book : public skald::aggregate<book, book_events> {
public:
  static constexpr std::string_view name = "book";
  void with(const borrowed& e) { reader_ = e.reader; }
  void with(const returned&) { reader_.reset(); }

  void lend(const std::string& reader) {
    if (reader_) throw skald::rejected{"it is with " + *reader_};
    push(borrowed{reader, 14});
  }

private:
  std::optional<std::string> reader_;
};

int lend_a_book() {
  skald::node node{{.store = "memory:"}};
  auto books = node.aggregates<book>();
  return node.run([&]() -> skald::task<void> {
    const std::string reader = "Ada";
    const auto lend = [reader](book& b) { b.lend(reader); };
    const skald::receipt receipt = co_await books.execute(skald::stream_id{"book-1"}, lend);
  });
}

} // namespace

TEST_CASE("the node of the README runs its command and ends well") { CHECK(lend_a_book() == 0); }

TEST_CASE("the first aggregate of the README lends its book once") {
  skald::node node{{.store = "memory:"}};
  auto books = node.aggregates<book>();
  std::string refusal;
  const auto status = node.run([&]() -> skald::task<void> {
    const std::string reader = "Ada";
    const auto lend = [reader](book& b) { b.lend(reader); };
    const skald::receipt receipt = co_await books.execute(skald::stream_id{"book-1"}, lend);
    CHECK(receipt.last == skald::position{1});
    try {
      co_await books.execute(skald::stream_id{"book-1"}, lend);
    } catch (const skald::failure& f) {
      refusal = f.what();
    }
  });
  CHECK(status == 0);
  CHECK(refusal == "it is with Ada");
}
