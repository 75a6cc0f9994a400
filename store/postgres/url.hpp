#pragma once

#include <skald/store/result.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// Where a PostgreSQL store is: a connection URI as libpq has it, whose query may also name `schema` and `deadline`.
struct postgres_url {
  std::string uri;   ///< for libpq, without what is ours; may hold a password
  std::string shown; ///< for messages: without query and without a password
  std::vector<std::string> secrets; ///< what no message may repeat
  std::string schema = "skald";
  std::chrono::milliseconds deadline{30'000}; ///< for the server to answer, and to come back

  /// Whether the text means a PostgreSQL store: `postgresql://` or `postgres://`.
  [[nodiscard]] static bool names(std::string_view text) noexcept;

  /// Errors: `invalid_argument`, in a message that shows nothing of a password.
  [[nodiscard]] static result<postgres_url> parse(std::string_view text);

  /// `message` without the secrets, which libpq repeats when it does not understand an URI.
  [[nodiscard]] std::string without_secrets(std::string message) const;
};

} // namespace skald::detail
