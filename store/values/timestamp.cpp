#include <skald/store/timestamp.hpp>

#include <skald/store/values/moment.hpp>

#include <algorithm>
#include <cstdio>

namespace skald {

namespace {

/// A wall clock before 1970 counts as 1970.
timestamp reading_of(const wall_clock& wall) {
  return {std::clamp(wall(), timestamp::milliseconds{}, timestamp::max().time()), 0};
}

} // namespace

result<timestamp> timestamp::parse(std::string_view text, finer than_a_millisecond) {
  const auto read = detail::parse_rfc3339(text);
  if (!read) return detail::no_timestamp(text, read.error());
  auto time = detail::timestamp_of(*read, than_a_millisecond);
  if (!time) return detail::no_timestamp(text, time.error());
  return time;
}

std::string timestamp::str() const {
  namespace c = std::chrono;
  const auto day = c::floor<c::days>(time());
  const c::year_month_day date{day};
  const c::hh_mm_ss clock{time() - day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

timestamp::milliseconds system_wall_clock() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

timestamp hybrid_clock::now() {
  const std::lock_guard lock{mutex_};
  return last_ = std::max(reading_of(wall_), last_.next());
}

void hybrid_clock::observe(timestamp seen) {
  const std::lock_guard lock{mutex_};
  last_ = std::max(last_, seen);
}

} // namespace skald
