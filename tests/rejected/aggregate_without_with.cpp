#include <skald/aggregates/any_aggregate.hpp>

#include <boost/describe.hpp>

struct happened {
  int times = 0;
};
BOOST_DESCRIBE_STRUCT(happened, (), (times))

class forgetful : public skald::aggregate<forgetful, skald::events<skald::event<"happened", happened>>> {
public:
  static constexpr std::string_view name = "forgetful";
#ifndef REJECTED
  void with(const happened&) {}
#endif
  void happen() { push(happened{}); }
};

skald::aggregate_factory factory() { return &skald::make_any_aggregate<forgetful>; }
