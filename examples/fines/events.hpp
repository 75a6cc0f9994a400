#pragma once

#include <skald/store/event.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

/// Road traffic fines: what can happen to one, from its creation to its payment, appeal or collection.
namespace fines {

/// Money, in cents.
using cents = std::int64_t;

struct created {
  cents amount_cents = 0;
  std::int32_t article = 0; ///< of the traffic law
  std::string dismissal;
  std::string officer;
  std::int32_t points = 0; ///< taken from the driving licence
  cents total_payment_cents = 0;
  std::string vehicle_class;
};
BOOST_DESCRIBE_STRUCT(created, (),
                      (amount_cents, article, dismissal, officer, points, total_payment_cents, vehicle_class))

/// The fine was sent by post, which is charged.
struct sent {
  cents expense_cents = 0;
};
BOOST_DESCRIBE_STRUCT(sent, (), (expense_cents))

struct notified {
  std::optional<std::string> last_sent;
  std::string notification_type;
};
BOOST_DESCRIBE_STRUCT(notified, (), (last_sent, notification_type))

/// Not paid in time: from now on the fine is this much, in place of its amount before.
struct penalty_added {
  cents amount_cents = 0;
};
BOOST_DESCRIBE_STRUCT(penalty_added, (), (amount_cents))

struct paid {
  cents payment_cents = 0;
  cents total_payment_cents = 0; ///< of this fine so far, as whoever wrote the log added it up
};
BOOST_DESCRIBE_STRUCT(paid, (), (payment_cents, total_payment_cents))

struct sent_to_collection {};
BOOST_DESCRIBE_STRUCT(sent_to_collection, (), ())

struct appeal_dated {};
BOOST_DESCRIBE_STRUCT(appeal_dated, (), ())

struct appeal_sent {
  std::string dismissal;
};
BOOST_DESCRIBE_STRUCT(appeal_sent, (), (dismissal))

struct appeal_result_received {};
BOOST_DESCRIBE_STRUCT(appeal_result_received, (), ())

struct appeal_result_notified {};
BOOST_DESCRIBE_STRUCT(appeal_result_notified, (), ())

using fine_events = skald::events<                                               //
  skald::event<"fine:created", created>,                                         //
  skald::event<"fine:sent", sent>,                                               //
  skald::event<"fine:notified", notified>,                                       //
  skald::event<"fine:penalty-added", penalty_added>,                             //
  skald::event<"fine:paid", paid>,                                               //
  skald::event<"fine:sent-to-collection", sent_to_collection>,                   //
  skald::event<"fine:prefecture-appeal-dated", appeal_dated>,                    //
  skald::event<"fine:prefecture-appeal-sent", appeal_sent>,                      //
  skald::event<"fine:prefecture-result-received", appeal_result_received>,       //
  skald::event<"fine:prefecture-result-notified", appeal_result_notified>>;

template <class>
struct data_of_any;
template <class... Events>
struct data_of_any<skald::events<Events...>> {
  using type = std::variant<typename Events::data_type...>;
};

/// The data of one of them.
using fine_event = data_of_any<fine_events>::type;

} // namespace fines
