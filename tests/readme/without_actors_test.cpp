// The code of docs/guide/without_actors.md.

#include <skald/aggregates/reducer.hpp>
#include <skald/aggregates/repository.hpp>
#include <skald/store/open_store.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

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

struct loans {
  int count = 0;
};
BOOST_DESCRIBE_STRUCT(loans, (), (count))

const auto counter = skald::make_reducer<book_events, loans>("loans", [](loans& s, const borrowed&) { ++s.count; });

} // namespace

TEST_CASE("the book of the guide is loaded, lent and saved without actors") {
  auto store = skald::open_store("memory:").value();
  auto book1 = skald::load<book>(*store, skald::stream_id{"book-1"}).value();
  book1.lend("Ada");
  const auto saved = skald::save(*store, book1);
  CHECK(saved.value().last == skald::position{1});

  std::vector<std::string> types;
  skald::new_event event{"book:returned", "{}"};
  const skald::append_request request{
    skald::stream_id{"book-1"}, skald::expected_revision::exactly(skald::revision{1}), {event}};
  const auto receipt = store->append(request);
  const skald::stream_query query{skald::stream_id{"book-1"}};
  const auto read = skald::for_each(*store, query, [&](const skald::record& r) { types.push_back(r.type); });
  CHECK(receipt.value().last == skald::position{2});
  CHECK(read.has_value());
  CHECK(types == std::vector<std::string>{"book:borrowed", "book:returned"});

  const auto all = counter.reduce(*store, skald::all_query{}).value();
  CHECK(all->count == 1);
}
