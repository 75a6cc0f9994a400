#pragma once

#include <skald/store/query.hpp>
#include <skald/store/record.hpp>
#include <skald/store/result.hpp>

#include <functional>
#include <vector>

namespace skald {

class event_store;

/// Gives a validator (`catalog::validate`) the event to check, and the store as it is before the event's request.
///
/// If a stream that the validator reads has changed when the request is written, the answer is
/// `wrong_expected_revision`, as if the request itself expected the revision that was read. For one thread.
class validation {
public:
  /// Calls `before_reading(stream)` before it reads a stream.
  validation(const event_store& store, std::function<result<void>(const stream_id&)> before_reading)
    : store_{store}, before_reading_{std::move(before_reading)} {}

  [[nodiscard]] const stream_id& stream() const noexcept { return *stream_; }
  [[nodiscard]] const new_event& event() const noexcept { return *event_; }

  /// Reads a stream as `event_store::read` does. Events of the same request are not in it; those of earlier requests
  /// are.
  ///
  /// Errors: those of `event_store::read`, and of the earlier requests, which may have to be committed first.
  [[nodiscard]] result<page> read(const stream_query& query);
  /// The number of events in a stream, 0 for an unknown one. Errors: the same.
  [[nodiscard]] result<revision> revision_of(const stream_id& stream);

  /// Turns to another event. For the store.
  void look_at(const stream_id& stream, const new_event& event) noexcept {
    stream_ = &stream;
    event_ = &event;
  }
  /// The streams that were read, each with its revision at that time. For the store.
  [[nodiscard]] std::vector<stream_append> take_seen() { return std::move(seen_); }

private:
  const event_store& store_;
  std::function<result<void>(const stream_id&)> before_reading_;
  const stream_id* stream_ = nullptr;
  const new_event* event_ = nullptr;
  std::vector<stream_append> seen_;
};

} // namespace skald
