#include <skald/actors/aggregates.hpp>

#include <tests/accounts.hpp>

skald::task<void> open(skald::aggregates<accounts::account> all, std::string owner) {
#ifdef REJECTED
  co_await all.execute(skald::stream_id{"account"}, [owner](accounts::account& a) { a.open(owner); });
#else
  const auto command = [owner](accounts::account& a) { a.open(owner); };
  co_await all.execute(skald::stream_id{"account"}, command);
#endif
}
