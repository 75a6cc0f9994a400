#include <skald/store/timestamp.hpp>

#include <skald/store/quoted.hpp>

#include <algorithm>
#include <cstdio>
#include <optional>

namespace skald {

namespace {

using std::chrono::sys_days;

/// Takes text apart from its front; once something does not fit, it stays unfit.
class reader {
public:
  explicit reader(std::string_view text) : rest_{text} {}

  bool next_is(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip(char wanted) { fits_ = next_is(wanted) && fits_; }

  /// A number of exactly this many digits.
  unsigned number(std::size_t digits) {
    unsigned value = 0;
    for (; digits != 0; --digits) value = value * 10 + digit();
    return value;
  }

  /// One to three digits behind the point.
  unsigned thousandths() {
    auto value = digit() * 100;
    if (next_is_digit()) value += digit() * 10;
    if (next_is_digit()) value += digit();
    return value;
  }

  bool done() const { return fits_ && rest_.empty(); }

private:
  bool next_is_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }

  unsigned digit() {
    fits_ = next_is_digit() && fits_;
    if (!fits_) return 0;
    const auto value = static_cast<unsigned>(rest_.front() - '0');
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool fits_ = true;
};

std::optional<timestamp::milliseconds> parse_time(std::string_view text) {
  namespace c = std::chrono;
  reader in{text};
  const c::year year{static_cast<int>(in.number(4))};
  in.skip('-');
  const c::month month{in.number(2)};
  in.skip('-');
  const c::year_month_day date{year, month, c::day{in.number(2)}};
  in.skip('T');
  const c::hours hour{in.number(2)};
  in.skip(':');
  const c::minutes minute{in.number(2)};
  in.skip(':');
  const c::seconds second{in.number(2)};
  const c::milliseconds fraction{in.next_is('.') ? in.thousandths() : 0};
  in.skip('Z');
  if (!in.done() || !date.ok() || hour.count() > 23 || minute.count() > 59 || second.count() > 59) return {};
  return sys_days{date} + hour + minute + second + fraction;
}

/// One that stands before 1970 counts as not set.
timestamp reading_of(const wall_clock& wall) {
  return {std::clamp(wall(), timestamp::milliseconds{}, timestamp::max().time()), 0};
}

} // namespace

result<timestamp> timestamp::parse(std::string_view text) {
  const auto refused = [text](std::string why) {
    return error{errc::invalid_argument, detail::in_quotes(text) + " is no timestamp: " + std::move(why)};
  };
  const auto time = parse_time(text);
  if (!time) return refused("it takes a time of the calendar in UTC, such as 2000-03-14T23:00:00.000Z");
  if (*time < milliseconds{}) return refused("it takes times from 1970 on");
  if (*time > max().time()) return refused("it takes times up to " + max().str());
  return timestamp{*time, *time == milliseconds{} ? std::uint16_t{1} : std::uint16_t{0}};
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
