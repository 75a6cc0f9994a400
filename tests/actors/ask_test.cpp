#include <skald/actors/interfaces.hpp>

#include <tests/actors/running.hpp>

#include <thread>

using namespace running;
using namespace std::chrono_literals;

// Messages of an actor that an application wrote.
namespace ask_test {

struct question {
  std::string text;
};
struct reply {
  std::string text;
};
template <class Inspector>
auto inspect(Inspector& f, question& x) {
  return f(x.text);
}
template <class Inspector>
auto inspect(Inspector& f, reply& x) {
  return f(x.text);
}

using oracle = actors::typed_actor<caf::result<reply>(question)>;

class oracle_behavior {
public:
  static constexpr const char* name = "oracle";
  explicit oracle_behavior(oracle::pointer self) : self_{self} {}

  oracle::behavior_type make_behavior() {
    return {[this](const question& q) -> caf::result<reply> {
      if (q.text == "nonsense") return caf::make_error(caf::sec::invalid_argument);
      if (q.text == "die") {
        auto dropped = self_->make_response_promise<reply>();
        self_->quit();
        return dropped;
      }
      if (q.text == "silence") {
        kept_.push_back(self_->make_response_promise<reply>());
        return kept_.back();
      }
      return reply{"yes, " + q.text};
    }};
  }

private:
  oracle::pointer self_;
  std::vector<caf::typed_response_promise<reply>> kept_;
};

} // namespace ask_test

CAF_BEGIN_TYPE_ID_BLOCK(ask_test, first_custom_type_id)
CAF_ADD_TYPE_ID(ask_test, (ask_test::question))
CAF_ADD_TYPE_ID(ask_test, (ask_test::reply))
CAF_END_TYPE_ID_BLOCK(ask_test)

using namespace ask_test;

TEST_CASE("a coroutine asks an actor of the application and resumes on its own executor") {
  node n{{}};
  run(n, [&]() -> task<void> {
    const oracle o = actors::spawn<oracle_behavior>(actors::actor_system_of(n));
    const auto here = std::this_thread::get_id();
    const question q{"is it raining?"};
    const auto answer = co_await actors::ask<reply>(o, std::chrono::milliseconds::max(), q);
    CHECK(answer.text == "yes, is it raining?");
    CHECK(std::this_thread::get_id() == here);
    actors::send_exit(o);
  });
}

TEST_CASE("an actor's error, its silence and its end all reach who has asked") {
  node n{{}};
  run(n, [&]() -> task<void> {
    const oracle o = actors::spawn<oracle_behavior>(actors::actor_system_of(n));
    const question nonsense{"nonsense"}, silence{"silence"}, die{"die"}, late{"late"};
    CHECK((co_await error_of(actors::ask<reply>(o, 60s, nonsense))).code == errc::rejected);
    CHECK((co_await error_of(actors::ask<reply>(o, 1ms, silence))).code == errc::timeout);
    CHECK((co_await error_of(actors::ask<reply>(o, 60s, die))).code == errc::broken_promise);
    CHECK((co_await error_of(actors::ask<reply>(o, 60s, late))).code == errc::broken_promise);
  });
}
