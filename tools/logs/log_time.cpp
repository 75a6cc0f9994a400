#include "log_time.hpp"
#include <skald/store/quoted.hpp>
#include <skald/store/values/moment.hpp>

#include <string>

namespace tools {

namespace {

skald::result<skald::detail::moment> read_moment(std::string_view text, time_style style) {
  switch (style) {
    case time_style::seconds: return skald::detail::parse_unix_time(text, 0);
    case time_style::milliseconds: return skald::detail::parse_unix_time(text, 3);
    case time_style::utc: return skald::detail::parse_rfc3339(text, skald::detail::no_offset::utc);
    default: return skald::detail::parse_rfc3339(text);
  }
}

/// Which style would read it, where the one that was asked for does not.
std::string advice_for(std::string_view text, time_style style) {
  if (style == time_style::rfc3339 && read_moment(text, time_style::utc))
    return "; where the log means UTC, import it with --time utc";
  if (style <= time_style::utc && read_moment(text, time_style::seconds))
    return "; where it counts from 1970, import the log with --time seconds, or milliseconds";
  return "";
}

} // namespace

time_style time_style_named(std::string_view name) {
  if (name == "rfc3339") return time_style::rfc3339;
  if (name == "utc") return time_style::utc;
  if (name == "seconds") return time_style::seconds;
  if (name == "milliseconds") return time_style::milliseconds;
  throw skald::failure{skald::errc::invalid_argument, "--time: " + skald::detail::in_quotes(name) +
                                                        " is no style: it takes rfc3339, utc, seconds or milliseconds"};
}

skald::timestamp log_time::read(std::string_view text) const {
  const auto moment = read_moment(text, style_);
  if (!moment) {
    auto why = skald::detail::no_timestamp(text, moment.error());
    why.message += advice_for(text, style_);
    throw skald::failure{std::move(why)};
  }
  const auto time = skald::detail::timestamp_of(*moment, finer_);
  if (!time) throw skald::failure{skald::detail::no_timestamp(text, time.error())};
  return *time;
}

skald::result<skald::timestamp> with_counter(skald::timestamp read, std::uint16_t counter) {
  const bool has_one = read.counter() > 1; // 1 stands for none in the first millisecond of 1970
  if (has_one && counter != read.counter())
    return skald::error{skald::errc::invalid_argument,
                        "created is finer than a millisecond, which gives it the counter " +
                          std::to_string(read.counter()) + ": leave out one of both"};
  return counter == 0 ? read : skald::timestamp{read.time(), counter};
}

} // namespace tools
