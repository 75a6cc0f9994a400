#pragma once

#include <skald/store/transaction.hpp>

#include <string>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// A record without its data and metadata, which may be large.
[[nodiscard]] record without_body(const record& r);

/// How an event of a stream differs from the stored event with its id; null if it does not.
[[nodiscard]] const char* difference(const new_event& event, const stream_id& stream,
                                     const event_store::transaction::known_event& known);

/// The same for a record of another store. Its place there, marks and batch are not part of the event.
///
/// Times are compared to the millisecond: the counters of logs without ids follow from neighbouring lines. An append,
/// and nothing else, may have raised the stored time.
[[nodiscard]] const char* difference(const record& r, const event_store::transaction::known_event& known);

/// A sentence that names the stored event.
[[nodiscard]] std::string already_stored(const record& known, std::string_view how);

} // namespace skald::detail
