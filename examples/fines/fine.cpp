#include "fine.hpp"
#include "money.hpp"

#include <string>

namespace fines {

namespace {

void must_be_money(const char* what, cents amount) {
  if (amount < 0) throw skald::rejected{std::string{what} + " of " + money(amount) + " is less than nothing"};
  if (amount > fine::most_cents)
    throw skald::rejected{std::string{what} + " of " + money(amount) + " is more than " + money(fine::most_cents)};
}

} // namespace

void fine::happen(const created& e, const skald::origin& from) {
  if (exists_) throw skald::rejected{"the fine was created already"};
  must_be_money("an amount", e.amount_cents);
  push(e, from);
}

void fine::happen(const sent& e, const skald::origin& from) {
  must_exist();
  must_be_money("an expense", e.expense_cents);
  must_be_money("a sum of expenses", expenses_ + e.expense_cents);
  push(e, from);
}

void fine::happen(const penalty_added& e, const skald::origin& from) {
  must_exist();
  must_be_money("a penalty", e.amount_cents);
  if (e.amount_cents + expenses_ < paid_)
    throw skald::rejected{"a penalty of " + money(e.amount_cents) + " is less than was paid already, which is " +
                          money(paid_)};
  push(e, from);
}

void fine::happen(const paid& e, const skald::origin& from) {
  must_exist();
  if (e.payment_cents <= 0) throw skald::rejected{"a payment of " + money(e.payment_cents) + " pays nothing"};
  if (e.payment_cents > due())
    throw skald::rejected{"a payment of " + money(e.payment_cents) + " is more than is due, which is " + money(due())};
  push(e, from);
}

void fine::with(const created& e) {
  exists_ = true;
  amount_ = e.amount_cents;
}

void fine::with(const paid& e) {
  paid_ += e.payment_cents;
  ++payments_;
  if (e.total_payment_cents == paid_) ++agreeing_payments_;
}

void fine::must_exist() const {
  if (!exists_) throw skald::rejected{"the fine was not created yet"};
}

} // namespace fines
