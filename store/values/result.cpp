#include <skald/store/result.hpp>

#include <utility>

namespace skald {

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::none: return "none";
    case errc::invalid_argument: return "invalid_argument";
    case errc::wrong_expected_revision: return "wrong_expected_revision";
    case errc::duplicate_event: return "duplicate_event";
    case errc::event_missing: return "event_missing";
    case errc::invalid_event: return "invalid_event";
    case errc::insertion_failed: return "insertion_failed";
    case errc::read_failed: return "read_failed";
    case errc::open_failed: return "open_failed";
    case errc::corrupt: return "corrupt";
    case errc::clock_drift: return "clock_drift";
    case errc::overloaded: return "overloaded";
    case errc::stopped: return "stopped";
    case errc::timeout: return "timeout";
    case errc::broken_promise: return "broken_promise";
    case errc::handler_failed: return "handler_failed";
    case errc::rejected: return "rejected";
    case errc::read_only: return "read_only";
  }
  return "unknown_error"; // sent by a node of a newer version
}

std::string_view to_string(outcome value) noexcept {
  switch (value) {
    case outcome::not_written: return "not_written";
    case outcome::unknown: return "unknown";
  }
  return "unknown";
}

failure::failure(skald::error why) : std::runtime_error{why.message}, error_{std::move(why)} {}

void throw_exception_from_error(const error& why, const boost::source_location&) { throw failure{why}; }

} // namespace skald
