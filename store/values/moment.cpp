#include <skald/store/values/moment.hpp>

#include <skald/store/quoted.hpp>

#include <algorithm>
#include <optional>
#include <string>

namespace skald::detail {

namespace {

namespace c = std::chrono;

error refused(std::string why) { return {errc::invalid_argument, std::move(why)}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads text from its front. Once something does not fit, `fits` stays false.
class reader {
public:
  explicit reader(std::string_view text) : rest_{text} {}

  bool next_is(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip(std::string_view any_of) { fits_ = next_is(any_of) && fits_; }

  /// Reads a number of exactly this many digits.
  unsigned number(std::size_t digits) {
    unsigned value = 0;
    for (; digits != 0; --digits) {
      fits_ = next_is_digit() && fits_;
      if (!fits_) return 0;
      value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  /// Reads all digits that follow, at least one.
  std::string_view digits() {
    const auto all = rest_.substr(0, std::min(rest_.find_first_not_of("0123456789"), rest_.size()));
    fits_ = !all.empty() && fits_;
    rest_.remove_prefix(all.size());
    return all;
  }

  bool next_is_digit() const { return !rest_.empty() && is_digit(rest_.front()); }
  bool at_end() const { return rest_.empty(); }
  bool done() const { return fits_ && rest_.empty(); }
  bool fits() const { return fits_; }

private:
  std::string_view rest_;
  bool fits_ = true;
};

/// Sets the nanoseconds from the digits after the point.
void set_fraction(moment& m, std::string_view digits) {
  constexpr std::size_t kept = 9;
  for (std::size_t i = 0; i < kept; ++i)
    m.nanoseconds = m.nanoseconds * 10 + (i < digits.size() ? static_cast<std::uint32_t>(digits[i] - '0') : 0);
  m.is_finer = digits.size() > kept && digits.find_first_not_of('0', kept) != std::string_view::npos;
}

/// Reads an offset such as `+02:00`, `+0200` or `+02`, after its sign.
c::minutes offset_after_sign(reader& in, bool& fits) {
  const c::hours hour{in.number(2)};
  c::minutes minute{0};
  if (in.next_is(":") || in.next_is_digit()) minute = c::minutes{in.number(2)};
  fits = hour.count() <= 23 && minute.count() <= 59;
  return hour + minute;
}

bool ends_a_month(c::sys_seconds second) {
  const auto next = second + c::seconds{1};
  const auto day = c::floor<c::days>(next);
  return next == day && c::year_month_day{day}.day() == c::day{1};
}

} // namespace

result<moment> parse_rfc3339(std::string_view text, no_offset without) {
  const auto no_time = [] {
    return refused("it takes a time of the calendar with its offset from UTC (RFC 3339), such as "
                   "2000-03-14T23:00:00.000Z or 2000-03-15T00:00:00+01:00");
  };
  moment m;
  reader in{text};
  const c::year year{static_cast<int>(in.number(4))};
  in.skip("-");
  const c::month month{in.number(2)};
  in.skip("-");
  const c::year_month_day date{year, month, c::day{in.number(2)}};
  in.skip("Tt ");
  const c::hours hour{in.number(2)};
  in.skip(":");
  const c::minutes minute{in.number(2)};
  in.skip(":");
  const c::seconds second{in.number(2)};
  if (in.next_is(".")) set_fraction(m, in.digits());
  if (!in.fits() || !date.ok() || hour.count() > 23 || minute.count() > 59 || second.count() > 60) return no_time();
  if (in.at_end() && without == no_offset::refused)
    return refused("it lacks its offset from UTC: end it with Z, or with an offset such as +01:00");

  c::minutes offset{0};
  bool fits = true;
  if (in.next_is("+"))
    offset = offset_after_sign(in, fits);
  else if (in.next_is("-"))
    offset = -offset_after_sign(in, fits);
  else if (!in.at_end())
    in.skip("Zz");
  if (!in.done() || !fits) return no_time();

  m.is_leap = second.count() == 60;
  m.second = c::sys_days{date} + hour + minute + std::min(second, c::seconds{59}) - offset;
  if (m.is_leap && !ends_a_month(m.second))
    return refused("a leap second, :60, can only end the last day of a month in UTC");
  return m;
}

result<moment> parse_unix_time(std::string_view text, int digits) {
  reader in{text};
  const bool is_negative = in.next_is("-");
  std::string all{in.digits()};
  std::int64_t point = static_cast<std::int64_t>(all.size()) - digits;
  if (in.next_is(".")) all += in.digits();
  if (in.next_is("eE")) {
    const bool is_small = in.next_is("-");
    if (!is_small) in.next_is("+");
    std::int64_t exponent = 0;
    for (const char digit : in.digits()) exponent = std::min<std::int64_t>(exponent * 10 + (digit - '0'), 1 << 30);
    point += is_small ? -exponent : exponent;
  }
  if (!in.done())
    return refused(digits == 0 ? "it takes seconds since 1970, such as 953074800 or 953074800.25"
                               : "it takes milliseconds since 1970, such as 953074800250");

  const auto zeros = std::min(all.find_first_not_of('0'), all.size());
  all.erase(0, zeros);
  point -= static_cast<std::int64_t>(zeros);
  if (all.empty()) return moment{};
  constexpr std::int64_t most = 12; // digits of the seconds: far beyond the last timestamp
  if (is_negative || point > most) return moment{c::sys_seconds{c::seconds{is_negative ? -1 : 1'000'000'000'000}}};
  moment m;
  if (point > 0) {
    all.resize(std::max(all.size(), static_cast<std::size_t>(point)), '0');
    m.second = c::sys_seconds{c::seconds{std::stoll(all.substr(0, static_cast<std::size_t>(point)))}};
    all.erase(0, static_cast<std::size_t>(point));
  } else {
    all.insert(0, static_cast<std::size_t>(std::min<std::int64_t>(-point, 9)), '0'); // further zeros do not matter
  }
  set_fraction(m, all);
  return m;
}

result<timestamp> timestamp_of(const moment& m, timestamp::finer finer) {
  constexpr std::uint32_t in_a_millisecond = 1'000'000; // nanoseconds
  constexpr std::uint32_t steps = 64;                   // of the counter, for a microsecond
  constexpr std::uint32_t steps_of_all = steps * 1000;
  if (m.second < c::sys_seconds{})
    return refused(
      "it lies before 1970, where times of creation begin: keep that date in the data, and give as created "
      "when it was recorded");
  auto time = m.second + c::milliseconds{m.nanoseconds / in_a_millisecond};
  const auto rest = m.nanoseconds % in_a_millisecond;
  auto counter = rest * steps / 1000;
  if (m.is_leap) {
    // Sort it after the whole millisecond before it.
    time = m.second + c::milliseconds{999};
    counter = steps_of_all + static_cast<std::uint32_t>(std::uint64_t{m.nanoseconds} * (0x10000 - steps_of_all) /
                                                        (std::uint64_t{1000} * in_a_millisecond));
  }
  if (time > timestamp::max().time()) return refused("it takes times up to " + timestamp::max().str());
  if (finer == timestamp::finer::refused && (rest != 0 || m.is_finer || m.is_leap))
    return refused("it is finer than a millisecond, or in a leap second, and cannot be kept exactly");
  if (time == timestamp::milliseconds{}) counter = std::max(counter, std::uint32_t{1});
  return timestamp{time, static_cast<std::uint16_t>(counter)};
}

error no_timestamp(std::string_view text, const error& why) {
  return {why.code, in_quotes(text) + " is no timestamp: " + why.message};
}

} // namespace skald::detail
