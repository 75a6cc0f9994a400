#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace skald {

/// The kind of an error, for programs. Nodes send the values to each other: append only, never renumber.
enum class errc : std::uint8_t {
  none = 0,
  /// The caller's input breaks a documented rule, such as an empty stream id.
  invalid_argument = 1,
  /// A stream is not at the revision that the request expects; see `error::conflict`. Read it and decide again.
  wrong_expected_revision = 2,
  /// The store has this event id with another body, in another stream or at another place.
  duplicate_event = 3,
  /// The event type is not in the catalog.
  event_missing = 4,
  /// Data or metadata do not fit their event  type.
  invalid_event = 5,
  /// The store could not write. The message has the cause, `error::outcome` whether it may be written nevertheless.
  insertion_failed = 6,
  /// The store could not read. The message has the cause.
  read_failed = 7,
  /// The store could not be opened.
  open_failed = 8,
  /// Stored data is damaged: it cannot be what was written.
  corrupt = 9,
  /// The time of creation of a record or event lies further ahead than `store_options::max_drift`.
  clock_drift = 10,
  /// More work waits than the node may hold. Nothing was accepted; try again later.
  overloaded = 11,
  /// The node is shutting down. Nothing was accepted.
  stopped = 12,
  /// A deadline passed before the answer came.
  timeout = 13,
  /// The actor that had to answer is gone.
  broken_promise = 14,
  /// A handler of a projection threw.
  handler_failed = 15,
  /// An aggregate refused a command.
  rejected = 16,
  /// A fault of the disk made the store read-only until it is opened again. The message has the cause.
  read_only = 17,
};

/// The name of a code, such as `wrong_expected_revision`.
[[nodiscard]] std::string_view to_string(errc code) noexcept;

/// Whether a write that failed may have happened nevertheless. After `unknown`, repeat the request with the same event
/// ids.
enum class outcome : std::uint8_t { not_written, unknown };

[[nodiscard]] std::string_view to_string(outcome value) noexcept;

/// The details of a `wrong_expected_revision`, for programs.
struct conflict {
  std::string stream;
  std::string expected; ///< `no_stream`, `stream_exists` or a number
  std::uint64_t actual = 0; ///< the revision of the stream

  friend bool operator==(const conflict&, const conflict&) = default;
};

/// The reason of a failure: a code for programs, a sentence for people.
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

/// The exception that carries an `error` through code that throws, such as a coroutine of the application.
class failure : public std::runtime_error {
public:
  explicit failure(skald::error why);
  failure(errc code, std::string message) : failure{skald::error{code, std::move(message)}} {}

  [[nodiscard]] const skald::error& error() const noexcept { return error_; }
  [[nodiscard]] errc code() const noexcept { return error_.code; }

private:
  skald::error error_;
};

/// Throws `failure`. `boost::system::result::value` calls it if the result is an error.
[[noreturn]] void throw_exception_from_error(const error& why, const boost::source_location& where);

/// A value or an `error`. `value()` throws `failure` if it is an error.
template <class T>
using result = boost::system::result<T, error>;

} // namespace skald
