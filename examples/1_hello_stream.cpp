#include <skald/actors/node.hpp>

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
  void greet(const std::string& words) {
    if (times == 3) throw skald::rejected{"three greetings are enough"};
    push(greeted{words});
  }
  int times = 0;
};

int main() {
  skald::node node{{.store = "sqlite:hello.db"}};
  auto guests = node.aggregates<guest>();
  auto door = node.projector("door");
  door.once<greeted>([](skald::record_of<greeted> r) -> skald::task<void> {
    std::cout << r.record().stream.str() << " hears: " << r->words << "\n";
    co_return;
  });
  return node.run([&]() -> skald::task<void> {
    const skald::stream_id ada{"guest-ada"};
    const auto receipt = co_await guests.execute(ada, [](guest& g) { g.greet("Hello, Ada!"); });
    co_await door.reached(receipt.last);
    std::cout << "greeted " << (co_await guests.get(ada)).times << " times\n";
  });
}
