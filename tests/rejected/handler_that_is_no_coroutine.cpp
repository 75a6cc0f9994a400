#include <skald/projection/handler.hpp>

#include <boost/describe.hpp>

struct happened {
  int times = 0;
};
BOOST_DESCRIBE_STRUCT(happened, (), (times))

skald::handler make() {
#ifdef REJECTED
  const auto f = [](skald::record_of<happened>) {};
#else
  const auto f = [](skald::record_of<happened>) -> skald::task<void> { co_return; };
#endif
  return skald::make_handler<happened>(skald::handler_kind::on, "happened", f);
}
