#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tools {

/// `text` as a JSON string. Throws `failure` (`invalid_event`) where it is not UTF-8.
struct quoting {
  [[nodiscard]] std::string operator()(std::string_view text) const;
};
inline constexpr quoting quoted; // no function, so that std::quoted is not asked, too

/// `1,234,567`.
[[nodiscard]] std::string grouped(std::uint64_t number);

/// `1 event`, `1,234 events`; `many` where that is more than an `s` behind it, as in `events are`.
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one, std::string_view many = {});

/// Text for one cell or line of a terminal: what could move its cursor or turn the direction of reading is replaced,
/// and what is longer than `width` characters is cut. Precondition: it is UTF-8.
[[nodiscard]] std::string printable(std::string_view text, std::size_t width);

/// The number of characters, as UTF-8 counts them.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// A table that is made piece by piece. Columns are as wide as the widest cell so far; those whose heading starts
/// with `>` stand at the right.
class growing_table {
public:
  explicit growing_table(std::vector<std::string> headings);

  /// The next rows; with the first ones, the headings above them.
  [[nodiscard]] std::string next(const std::vector<std::vector<std::string>>& rows);

private:
  std::vector<std::string> headings_; ///< until they are written
  std::vector<bool> right_;
  std::vector<std::size_t> width_;
};

/// The same at once.
[[nodiscard]] std::string table(const std::vector<std::string>& headings,
                                const std::vector<std::vector<std::string>>& rows);

/// Numbers, each behind its name.
using named_numbers = std::vector<std::pair<std::string, std::uint64_t>>;

/// `"events":12,"streams":3`: members of a JSON object.
[[nodiscard]] std::string members_of(const named_numbers& numbers);
/// Rows below `title`.
[[nodiscard]] std::string table_of(const std::string& title, const named_numbers& numbers);

/// `imported 12,000 events, 45 % [=====     ], 60,000 a second, 3 s left`, as far as it is known.
///
/// `part` of the work is done, from 0 to 1; 0 where it is not known how much there is.
[[nodiscard]] std::string progress_text(std::string_view what, std::uint64_t units, double part,
                                        std::chrono::duration<double> taken, std::string_view unit = "event");

/// Counts moments in at most `most_bars` bars of equal width, which widens as it has to: memory does not grow.
class histogram {
public:
  static constexpr std::size_t most_bars = 24;
  static constexpr std::int64_t day = 24 * 60 * 60 * std::int64_t{1000}; ///< in milliseconds

  void add(std::int64_t milliseconds);

  struct bar {
    std::int64_t begin; ///< milliseconds since 1970
    std::uint64_t count;
  };
  /// From the first moment to the last, empty ones too.
  [[nodiscard]] std::vector<bar> bars() const;
  /// How long each bar is, in milliseconds.
  [[nodiscard]] std::int64_t width() const noexcept;

private:
  void widen();

  std::size_t width_ = 0; ///< which one of the widths
  std::map<std::int64_t, std::uint64_t> counts_;
};

/// A message as it may be shown to people: without the passwords of URLs that stand in it.
[[nodiscard]] std::string without_passwords(std::string_view message);

} // namespace tools
