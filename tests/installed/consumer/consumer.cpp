#include <skald/actors/interfaces.hpp>
#include <skald/actors/node.hpp>
#include <skald/aggregates/reducer.hpp>
#include <skald/aggregates/repository.hpp>
#include <skald/store/sqlite_store.hpp>

#include <boost/describe.hpp>

#include <iostream>

struct greeted {
  std::string words;
};
BOOST_DESCRIBE_STRUCT(greeted, (), (words))

class guest : public skald::aggregate<guest, skald::events<skald::event<"guest:greeted", greeted>>> {
public:
  static constexpr std::string_view name = "guest";
  void with(const greeted&) { ++times; }
  void greet() { push(greeted{"Hello!"}); }
  int times = 0;
};

int main() {
  skald::node node{{.store = "memory:"}};
  auto guests = node.aggregates<guest>();
  return node.run([&]() -> skald::task<void> {
    const skald::stream_id ada{"guest-ada"};
    co_await guests.execute(ada, [](guest& g) { g.greet(); });
    const auto g = co_await guests.get(ada);
    std::cout << g.id().str() << " was greeted " << g.times << " times\n";
  });
}
