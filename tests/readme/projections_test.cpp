// The code of docs/guide/projections.md.

#include <skald/actors/node.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

struct read_model {
  std::map<std::string, std::string> readers;
};

struct letter_box {
  std::vector<std::string> sent;
  skald::task<void> send(skald::event_id key, std::string text) {
    CHECK(!key.nil());
    sent.push_back(std::move(text));
    co_return;
  }
};

} // namespace

TEST_CASE("the projection of the guide keeps a read model, sends a letter once, and is replayed") {
  const auto table = std::make_shared<read_model>();
  const auto letters = std::make_shared<letter_box>();
  skald::node node{{.store = "memory:"}};
  auto books = node.aggregates<book>();
  auto loans = node.projector("loans");
  loans.on<borrowed>([table](skald::record_of<borrowed> r) -> skald::task<void> {
    table->readers[r.record().stream.str()] = r->reader;
    co_return;
  });
  loans.once<borrowed>([letters](skald::record_of<borrowed> r) -> skald::task<void> {
    co_await letters->send(r.record().id, "Enjoy your book, " + r->reader);
  });
  auto invoices = node.projector("invoices", {.fresh_from = skald::position{}});
  const auto status = node.run([&]() -> skald::task<void> {
    const std::string reader = "Ada";
    const auto lend = [reader](book& b) { b.lend(reader); };
    const skald::receipt receipt = co_await books.execute(skald::stream_id{"book-1"}, lend);
    co_await loans.reached(receipt.last);
    CHECK(table->readers["book-1"] == "Ada");

    table->readers["book-1"] = "nobody";
    const auto clear = [table] { table->readers.clear(); };
    co_await loans.replay(skald::position{}, clear);
    co_await loans.reached(co_await node.head());
    CHECK(table->readers["book-1"] == "Ada");
    CHECK(letters->sent == std::vector<std::string>{"Enjoy your book, Ada"});
  });
  CHECK(status == 0);
}
