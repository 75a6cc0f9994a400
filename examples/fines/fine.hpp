#pragma once

#include "events.hpp"
#include <skald/aggregates/aggregate.hpp>

#include <cstdint>
#include <string_view>

namespace fines {

/// One fine: decides what may happen to it.
///
/// Each command records one event, or throws `skald::rejected` with the rule that it breaks. `from` is for events that
/// happened elsewhere and have their id and time already.
class fine : public skald::aggregate<fine, fine_events> {
public:
  static constexpr std::string_view name = "fine";

  /// No amount of money may be larger, so that sums cannot overflow.
  static constexpr cents most_cents = 100'000'000'000;

  void happen(const created& e, const skald::origin& from = {});
  void happen(const sent& e, const skald::origin& from = {});
  void happen(const penalty_added& e, const skald::origin& from = {});
  /// A payment is more than nothing and not more than is due.
  void happen(const paid& e, const skald::origin& from = {});
  /// All else may happen to every fine that there is.
  template <class Data>
  void happen(const Data& e, const skald::origin& from = {}) {
    must_exist();
    push(e, from);
  }

  void with(const created& e);
  void with(const sent& e) { expenses_ += e.expense_cents; }
  void with(const penalty_added& e) { amount_ = e.amount_cents; }
  void with(const paid& e);
  template <class Data>
  void with(const Data&) {}

  /// What is left to pay; never below zero.
  [[nodiscard]] cents due() const noexcept { return amount_ + expenses_ - paid_; }
  [[nodiscard]] cents paid_so_far() const noexcept { return paid_; }

  [[nodiscard]] std::uint64_t payments() const noexcept { return payments_; }
  /// Those whose `total_payment_cents` was what had been paid so far.
  [[nodiscard]] std::uint64_t agreeing_payments() const noexcept { return agreeing_payments_; }

private:
  void must_exist() const;

  bool exists_ = false;
  cents amount_ = 0;
  cents expenses_ = 0;
  cents paid_ = 0;
  std::uint64_t payments_ = 0;
  std::uint64_t agreeing_payments_ = 0;
};

} // namespace fines
