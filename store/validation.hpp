#pragma once

#include <skald/store/query.hpp>
#include <skald/store/record.hpp>
#include <skald/store/result.hpp>

#include <functional>
#include <vector>

namespace skald {

class event_store;

/// What a validator looks at: an event that is about to be appended, and the store in front of its request.
///
/// Each stream that a validator reads or asks for its revision must still be at that revision when the request is
/// written, or the answer is `wrong_expected_revision`, as if the request had said so. For one thread.
class validation {
public:
  /// `before_reading(stream)` is called before a stream is looked at.
  validation(const event_store& store, std::function<result<void>(const stream_id&)> before_reading)
    : store_{store}, before_reading_{std::move(before_reading)} {}

  [[nodiscard]] const stream_id& stream() const noexcept { return *stream_; }
  [[nodiscard]] const new_event& event() const noexcept { return *event_; }

  /// As `event_store::read`; nothing of the event's own request is stored yet. Errors: its own, and those of the
  /// requests in front of this one.
  [[nodiscard]] result<page> read(const stream_query& query);
  /// Errors: as above.
  [[nodiscard]] result<revision> revision_of(const stream_id& stream);

  void look_at(const stream_id& stream, const new_event& event) noexcept {
    stream_ = &stream;
    event_ = &event;
  }
  /// The streams that were read, each with the revision it had then.
  [[nodiscard]] std::vector<stream_append> take_seen() { return std::move(seen_); }

private:
  const event_store& store_;
  std::function<result<void>(const stream_id&)> before_reading_;
  const stream_id* stream_ = nullptr;
  const new_event* event_ = nullptr;
  std::vector<stream_append> seen_;
};

} // namespace skald
