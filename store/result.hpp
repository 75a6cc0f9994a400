#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace skald {

/// What kind of thing went wrong. Values are sent between nodes: append only, never renumber.
enum class errc : std::uint8_t {
  none = 0,
  /// The caller's input breaks a documented rule, such as an empty stream id.
  invalid_argument = 1,
  /// A stream is not at the revision the request expects; `error::conflict` tells more.
  wrong_expected_revision = 2,
  /// An event id is known to the store with another body, in another stream or at another place.
  duplicate_event = 3,
  /// An event type that is not registered.
  event_missing = 4,
  /// Data or metadata that do not fit their event type.
  invalid_event = 5,
  /// The store could not write; the message carries the cause.
  insertion_failed = 6,
  /// The store could not read; the message carries the cause.
  read_failed = 7,
  /// The store could not be opened.
  open_failed = 8,
  /// What is stored cannot be what was written.
  corrupt = 9,
  /// A hydrated record, or an event with a given time of creation, lies further in the future than clocks may differ.
  clock_drift = 10,
  /// More is waiting than the node may hold; nothing was accepted.
  overloaded = 11,
  /// The node is shutting down; nothing was accepted.
  stopped = 12,
  /// A deadline passed first.
  timeout = 13,
  /// Whoever owed the answer is gone.
  broken_promise = 14,
  /// A handler of a projection threw.
  handler_failed = 15,
  /// A command was refused by its aggregate.
  rejected = 16,
  /// A fault of the disk has made the store read-only until it is opened again; the message tells which.
  read_only = 17,
};

/// The name of a code, such as `wrong_expected_revision`.
[[nodiscard]] std::string_view to_string(errc code) noexcept;

/// Whether something that failed may nevertheless have been written.
enum class outcome : std::uint8_t { not_written, unknown };

[[nodiscard]] std::string_view to_string(outcome value) noexcept;

/// What a `wrong_expected_revision` is about, in words that a program can read.
struct conflict {
  std::string stream;
  std::string expected; ///< `no_stream`, `stream_exists` or a number
  std::uint64_t actual = 0; ///< the stream's revision

  friend bool operator==(const conflict&, const conflict&) = default;
};

/// Why something was not done: a code for programs, a sentence for people.
struct error {
  errc code = errc::none;
  std::string message;
  skald::outcome outcome = skald::outcome::not_written;
  skald::conflict conflict{}; ///< only with `errc::wrong_expected_revision`

  error() = default;
  error(errc kind, std::string text, skald::outcome fate = skald::outcome::not_written)
    : code{kind}, message{std::move(text)}, outcome{fate} {}

  friend bool operator==(const error&, const error&) = default;
};

/// An `error` on its way up through code that throws, such as a coroutine of the application.
class failure : public std::runtime_error {
public:
  explicit failure(skald::error why);
  failure(errc code, std::string message) : failure{skald::error{code, std::move(message)}} {}

  [[nodiscard]] const skald::error& error() const noexcept { return error_; }
  [[nodiscard]] errc code() const noexcept { return error_.code; }

private:
  skald::error error_;
};

/// Throws `failure`. Found by `boost::system::result` when `value()` is asked of an error.
[[noreturn]] void throw_exception_from_error(const error& why, const boost::source_location& where);

/// A value or an `error`; `value()` throws `failure` where there is none.
template <class T>
using result = boost::system::result<T, error>;

} // namespace skald
