#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/postgres/parameters.hpp>
#include <skald/store/postgres/url.hpp>
#include <skald/store/postgres/watchdog.hpp>
#include <skald/store/result.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// A prepared statement. `purpose` is the attempt that an error names. Lives as long as the program.
struct statement {
  const char* purpose;
  std::string text;
};

/// The connection to the server is lost. The server has undone what was not committed.
class lost_connection : public failure {
public:
  using failure::failure;
};

class connection;

/// The answer to a statement. The connection must outlive it.
class rows {
public:
  /// `owner` keeps the bytes of `values` alive.
  rows(const connection& db, std::size_t columns, std::vector<std::string_view> values,
       std::shared_ptr<const void> owner)
    : db_{&db}, owner_{std::move(owner)}, columns_{columns}, values_{std::move(values)} {}

  /// Moves to the next row; false after the last one.
  bool next() noexcept {
    if (next_ == values_.size()) return false;
    row_ = std::exchange(next_, next_ + columns_);
    return true;
  }

  /// The place before the next row.
  [[nodiscard]] std::size_t place() const noexcept { return next_; }
  void go_back_to(std::size_t place) noexcept { next_ = place; }

  [[nodiscard]] bool null(int column) const { return text(column).data() == nullptr; }
  [[nodiscard]] std::string_view text(int column) const { return values_[row_ + static_cast<std::size_t>(column)]; }
  [[nodiscard]] bool boolean(int column) const { return text(column) == "t"; }
  [[nodiscard]] std::int64_t integer(int column) const {
    const auto digits = text(column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  [[nodiscard]] std::optional<event_id> id(int column) const {
    const auto parsed = event_id::parse(text(column));
    return parsed ? std::optional{*parsed} : std::nullopt;
  }
  [[noreturn]] void corrupt(const std::string& what) const;

private:
  const connection* db_;
  std::shared_ptr<const void> owner_;
  std::size_t columns_;
  std::vector<std::string_view> values_;
  std::size_t row_ = 0; // where its values begin
  std::size_t next_ = 0;
};

/// A session of the server, and the words for its errors. For one thread at a time.
class connection {
public:
  /// `trouble` is the code of errors.
  connection(const postgres_url& to, errc trouble, watchdog& dog);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void set_trouble(errc trouble) noexcept { trouble_ = trouble; }

  template <class... Values>
  rows run(const statement& what, const Values&... values) {
    return run_with(what, parameters{values...});
  }

  rows run_text(const char* purpose, const std::string& text);

  /// Calls `heard(payload)` for notifications of other sessions, from within `take_notifications`.
  void listen(const std::string& channel, std::function<void(const std::string&)> heard);

  /// Does not wait for the server.
  void take_notifications();

  [[noreturn]] void fail(const char* purpose, const std::string& reason, const std::string& advice) const;
  /// Throws for damage that PostgreSQL itself does not notice.
  [[noreturn]] void corrupt(const std::string& what) const;

private:
  struct session;

  rows run_with(const statement& what, const parameters& values);
  template <class Work>
  auto attempt(const char* purpose, Work work);
  [[noreturn]] void fail_attempt(const char* purpose, const std::exception& why, bool cut) const;
  const std::string& name_of(const statement& what);
  [[nodiscard]] errc trouble_with_damage() const noexcept;
  [[nodiscard]] std::string sentence(const char* purpose, const std::string& reason, const std::string& advice) const;

  const postgres_url& to_;
  errc trouble_;
  watchdog& dog_;
  std::unique_ptr<session> session_;
  std::unordered_map<const statement*, std::string> prepared_;
};

} // namespace skald::detail::postgres
