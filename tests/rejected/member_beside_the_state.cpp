#include <skald/aggregates/any_aggregate.hpp>

#include <boost/describe.hpp>

struct happened {
  int times = 0;
};
struct state {
  int times = 0;
};
BOOST_DESCRIBE_STRUCT(happened, (), (times))
BOOST_DESCRIBE_STRUCT(state, (), (times))

class counter : public skald::aggregate<counter, skald::events<skald::event<"happened", happened>>, state> {
public:
  static constexpr std::string_view name = "counter";
  void with(const happened& e) { state_.times += e.times; }

private:
#ifdef REJECTED
  bool forgotten_ = false;
#endif
};

skald::aggregate_factory factory() { return &skald::make_any_aggregate<counter>; }
