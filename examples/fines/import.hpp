#pragma once

#include "fine.hpp"
#include "log.hpp"
#include <skald/actors/node.hpp>

#include <cstdint>
#include <memory>

namespace fines {

struct import_report {
  std::uint64_t imported = 0;
  std::uint64_t known = 0; ///< were there already
  /// Of the fines of the log, as they are now.
  std::uint64_t payments = 0;
  std::uint64_t agreeing_payments = 0;
};

/// Lets the fines of a log decide on its events, those that the node does not know yet: many fines side by side, the
/// events of each in order.
///
/// First all decisions are tried on copies of the fines, so that a log with an event that is refused changes nothing.
/// Shows its progress. Resumes on the executor of the awaiting coroutine. Throws `failure`: `rejected` with the line
/// that was, and what `node::find` and `aggregates::execute` throw. What was imported before stays, and is known next
/// time.
skald::task<import_report> import_log(skald::node& node, skald::aggregates<fine> fines,
                                      std::shared_ptr<const event_log> log);

} // namespace fines
