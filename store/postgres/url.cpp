#include <skald/store/postgres/url.hpp>

#include <skald/store/values/utf8.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace skald::detail {

namespace {

constexpr std::string_view schemes[] = {"postgresql://", "postgres://"};
constexpr std::size_t schema_bytes = 63; // what PostgreSQL keeps of a name
constexpr std::chrono::milliseconds longest_deadline = std::chrono::hours{1};

constexpr std::string_view how_to_write_one =
  "; it is written postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME, where all but the beginning may be left "
  "out, "
  "and where %XX stands for what is not a letter, digit, '.', '-' or '_' in a user, password or database";

error wrong(const std::string& shown, const std::string& what) {
  return {errc::invalid_argument, "store '" + shown + "': " + what};
}

/// Cuts `text` in front of the first character of `any`; the rest begins with it, or is empty.
std::string_view take_until(std::string_view& text, std::string_view any) {
  const auto front = text.substr(0, text.find_first_of(any));
  text.remove_prefix(front.size());
  return front;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned char byte = 0;
    const auto* digits = text.data() + i + 1;
    if (text.size() - i < 3 || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

result<void> check_schema(const std::string& shown, const std::string& name) {
  if (name.empty() || name.size() > schema_bytes || name.find('\0') != std::string::npos ||
      find_ill_formed_utf8(name) != std::string_view::npos)
    return wrong(shown, "the name of a schema has 1 to " + std::to_string(schema_bytes) + " bytes of UTF-8");
  if (name.starts_with("pg_")) return wrong(shown, "PostgreSQL keeps schema names that begin with 'pg_' for itself");
  return {};
}

/// What stands behind the host's `:` where that is no port; of several hosts, the first such one.
std::optional<std::string_view> wrong_port(std::string_view hosts) {
  while (!hosts.empty()) {
    auto host = take_until(hosts, ",");
    if (!hosts.empty()) hosts.remove_prefix(1);
    if (host.starts_with('[')) host.remove_prefix(std::min(host.find(']'), host.size())); // colons of its own
    const auto colon = host.find(':');
    if (colon == std::string_view::npos || colon + 1 == host.size()) continue;
    const auto text = host.substr(colon + 1);
    std::uint16_t port = 0;
    const auto* end = text.data() + text.size();
    if (const auto [stop, problem] = std::from_chars(text.data(), end, port);
        problem != std::errc{} || stop != end || port == 0)
      return text;
  }
  return {};
}

} // namespace

bool postgres_url::names(std::string_view text) noexcept {
  return std::ranges::any_of(schemes, [&](std::string_view scheme) { return text.starts_with(scheme); });
}

result<postgres_url> postgres_url::parse(std::string_view text) {
  postgres_url parsed;
  auto rest = text;
  const auto scheme = rest.substr(0, rest.find("://") + 3);
  rest.remove_prefix(scheme.size());
  const auto authority = take_until(rest, "/?");
  const auto path = take_until(rest, "?");

  // What is not written as it should be may be a piece of a password: it is not shown, and libpq does not get it.
  const auto at = authority.find('@');
  const auto credentials = authority.substr(0, at == std::string_view::npos ? 0 : at);
  const auto host = authority.substr(at == std::string_view::npos ? 0 : at + 1);
  const bool torn = host.find('@') != std::string_view::npos || path.find('@') != std::string_view::npos ||
                    (at == std::string_view::npos && host.find(':') != std::string_view::npos &&
                     rest.find('@') != std::string_view::npos);
  if (!names(text) || torn || text.find('\0') != std::string_view::npos)
    return wrong(std::string{scheme.empty() ? "postgresql://" : scheme} + "...",
                 "it cannot be understood" + std::string{how_to_write_one});

  const auto bad_port = wrong_port(host);
  if (bad_port && at == std::string_view::npos) // which may be a password
    return wrong(std::string{scheme} + "...",
                 "what stands behind the ':' of its host is no port, which is a number from 1 "
                 "to 65535; or the host is missing behind a password");

  auto user = credentials;
  const auto name = take_until(user, ":");
  const auto add_secret = [&](std::string_view secret) {
    if (secret.empty()) return;
    parsed.secrets.emplace_back(secret);
    if (auto plain = percent_decoded(secret); plain && *plain != secret) parsed.secrets.push_back(std::move(*plain));
  };
  if (!user.empty()) add_secret(user.substr(1));
  parsed.shown = std::string{scheme};
  if (!name.empty()) (parsed.shown += name) += '@';
  (parsed.shown += host) += path;
  if (bad_port) return wrong(parsed.shown, "its port '" + std::string{*bad_port} + "' is no number from 1 to 65535");
  parsed.uri = std::string{scheme} + std::string{authority} + std::string{path};

  char separator = '?';
  if (!rest.empty()) rest.remove_prefix(1);
  while (!rest.empty()) {
    const auto parameter = take_until(rest, "&");
    if (!rest.empty()) rest.remove_prefix(1);
    auto value = parameter;
    const auto key = take_until(value, "=");
    if (!value.empty()) value.remove_prefix(1);
    if (key == "schema") {
      auto decoded = percent_decoded(value);
      if (!decoded) return wrong(parsed.shown, "the name of its schema has a '%' without two hexadecimal digits");
      parsed.schema = std::move(*decoded);
    } else if (key == "deadline") {
      std::int64_t milliseconds = 0;
      const auto* end = value.data() + value.size();
      const auto [stop, problem] = std::from_chars(value.data(), end, milliseconds);
      if (problem != std::errc{} || stop != end || milliseconds < 1 || milliseconds > longest_deadline.count())
        return wrong(parsed.shown, "its deadline is a number of milliseconds from 1 to " +
                                     std::to_string(longest_deadline.count()) + ", as in deadline=30000");
      parsed.deadline = std::chrono::milliseconds{milliseconds};
    } else {
      if (percent_decoded(key).value_or("").find("password") != std::string::npos) add_secret(value);
      if (key.size() == parameter.size()) // libpq would show it, and it may be a piece of a password
        return wrong(parsed.shown, "behind the '?' or a '&' of its query stands no NAME=VALUE");
      (parsed.uri += std::exchange(separator, '&')) += parameter;
    }
  }
  if (auto ok = check_schema(parsed.shown, parsed.schema); !ok) return ok.error();

  const auto add_unless_given = [&](const std::string& key, const std::string& value) {
    if (parsed.uri.find('?' + key + '=') == std::string::npos && parsed.uri.find('&' + key + '=') == std::string::npos)
      ((parsed.uri += std::exchange(separator, '&')) += key + '=') += value;
  };
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(parsed.deadline).count();
  add_unless_given("connect_timeout", std::to_string(std::max<std::int64_t>(seconds, 2))); // less means 2 to libpq
  add_unless_given("fallback_application_name", "skald");
  return parsed;
}

std::string postgres_url::without_secrets(std::string message) const {
  for (const auto& secret : secrets)
    for (auto at = message.find(secret); at != std::string::npos; at = message.find(secret, at + 3))
      message.replace(at, secret.size(), "***");
  return message;
}

} // namespace skald::detail
