#pragma once

#include <skald/aggregates/aggregate.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// A small domain that the tests share.
namespace accounts {

struct opened {
  std::string owner;
};
struct deposited {
  std::int64_t cents = 0;
};
struct withdrawn {
  std::int64_t cents = 0;
};
struct reviewed {
  std::string note;
};
struct reviewer {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(opened, (), (owner))
BOOST_DESCRIBE_STRUCT(deposited, (), (cents))
BOOST_DESCRIBE_STRUCT(withdrawn, (), (cents))
BOOST_DESCRIBE_STRUCT(reviewed, (), (note))
BOOST_DESCRIBE_STRUCT(reviewer, (), (name))

using account_events =
  skald::events<skald::event<"account:opened", opened>, skald::event<"account:deposited", deposited>,
                skald::event<"account:withdrawn", withdrawn>, skald::event<"account:reviewed", reviewed, reviewer>>;

class account : public skald::aggregate<account, account_events> {
public:
  static constexpr std::string_view name = "account";

  void with(const opened& e) { owner_ = e.owner; }
  void with(const deposited& e) { cents_ += e.cents; }
  void with(const withdrawn& e) { cents_ -= e.cents; }
  void with(const reviewed&) { ++reviews_; }

  void open(const std::string& owner) {
    if (revision() != skald::revision{}) throw skald::rejected{"the account is open already"};
    push(opened{owner});
  }
  void deposit(std::int64_t cents, const skald::origin& from = {}) { push(deposited{cents}, from); }
  void withdraw(std::int64_t cents) {
    if (cents > cents_) throw skald::rejected{"there is less on the account"};
    push(withdrawn{cents});
  }
  void review(const std::string& by, const std::string& note) { push(reviewed{note}, reviewer{by}); }

  [[nodiscard]] const std::string& owner() const { return owner_; }
  [[nodiscard]] std::int64_t cents() const { return cents_; }
  [[nodiscard]] int reviews() const { return reviews_; }

private:
  std::string owner_;
  std::int64_t cents_ = 0;
  int reviews_ = 0;
};

struct balance {
  std::string owner;
  std::int64_t cents = 0;
  int reviews = 0;

  friend bool operator==(const balance&, const balance&) = default;
};
BOOST_DESCRIBE_STRUCT(balance, (), (owner, cents, reviews))

/// An account of which snapshots are kept.
class ledger : public skald::aggregate<ledger, account_events, balance> {
public:
  static constexpr std::string_view name = "ledger";

  void with(const opened& e) { state_.owner = e.owner; }
  void with(const deposited& e) { state_.cents += e.cents; }
  void with(const withdrawn& e) { state_.cents -= e.cents; }
  void with(const reviewed&) { ++state_.reviews; }

  void open(const std::string& owner) { push(opened{owner}); }
  void deposit(std::int64_t cents) { push(deposited{cents}); }
};

} // namespace accounts
