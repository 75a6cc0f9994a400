#include <skald/projection/handler.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe.hpp>
#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <exception>

using namespace skald;

namespace {

struct opened {
  std::string owner;
};
struct deposited {
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(deposited, (), (cents))

static_assert(handler_of<task<void> (*)(record_of<deposited>), deposited>);
static_assert(!handler_of<task<void> (*)(record_of<opened>), deposited>, "another event");
static_assert(!handler_of<void (*)(record_of<deposited>), deposited>, "no coroutine");
static_assert(!handler_of<task<int> (*)(record_of<deposited>), deposited>, "a result that nobody takes");

std::shared_ptr<const record> deposit(const char* data) {
  record r;
  r.stream = stream_id{"account-ada"};
  r.type = "account:deposited";
  r.data = data;
  r.revision = revision{3};
  return std::make_shared<const record>(std::move(r));
}

void run(const handler& h, std::shared_ptr<const record> r, delivery how = delivery::fresh) {
  boost::asio::io_context context;
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, h.run(std::move(r), how), [&](std::exception_ptr e) { thrown = std::move(e); });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
}

} // namespace

TEST_CASE("a handler gets the data as their struct, with the record and how it was delivered") {
  std::int64_t cents = 0;
  std::string stream;
  auto how = delivery::outdated;
  const auto h =
    make_handler<deposited>(handler_kind::on, "account:deposited", [&](record_of<deposited> r) -> task<void> {
      cents = r->cents;
      stream = r.record().stream.str();
      how = r.delivery();
      co_return;
    });
  CHECK(h.id == "on:account:deposited");
  run(h, deposit(R"({"cents":7})"), delivery::hydrated);
  CHECK(cents == 7);
  CHECK(stream == "account-ada");
  CHECK(how == delivery::hydrated);
}

TEST_CASE("a handler keeps the name it was given") {
  const auto ignore = [](record_of<deposited>) -> task<void> { co_return; };
  CHECK(make_handler<deposited>(handler_kind::once, "account:deposited", ignore, "second").id == "second");
}

TEST_CASE("a record whose data do not fit fails in its handler, and says where") {
  const auto ignore = [](record_of<deposited>) -> task<void> { co_return; };
  const auto h = make_handler<deposited>(handler_kind::on, "account:deposited", ignore);
  try {
    run(h, deposit(R"({"cents":"many"})"));
    FAIL("it did not throw");
  } catch (const failure& f) {
    CHECK(f.code() == errc::invalid_event);
    for (const auto* part : {"account-ada", "revision 3", "cents"})
      CHECK_MESSAGE(std::string{f.what()}.find(part) != std::string::npos, f.what());
  }
}
