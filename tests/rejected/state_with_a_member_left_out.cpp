#include <skald/aggregates/any_aggregate.hpp>

#include <boost/describe.hpp>

#include <optional>
#include <string>

struct happened {
  int times = 0;
};
struct state {
  std::optional<std::string> name;
  int times = 0;
#ifdef REJECTED
  bool forgotten = false;
#endif
};
BOOST_DESCRIBE_STRUCT(happened, (), (times))
BOOST_DESCRIBE_STRUCT(state, (), (name, times))

class counter : public skald::aggregate<counter, skald::events<skald::event<"happened", happened>>, state> {
public:
  static constexpr std::string_view name = "counter";
  void with(const happened& e) { state_.times += e.times; }
};

skald::aggregate_factory factory() { return &skald::make_any_aggregate<counter>; }
