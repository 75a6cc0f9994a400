#include <skald/store/open_store.hpp>

#include <skald/store/memory_store.hpp>
#include <skald/store/postgres/url.hpp>
#include <skald/store/postgres_store.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/sqlite_store.hpp>

#include <algorithm>

namespace skald {

namespace {

constexpr std::string_view in_memory = "memory:";
constexpr std::string_view sqlite = "sqlite:";
constexpr std::string_view hidden = "***";

/// The part of an unknown URL that cannot hold a password.
std::string of_unknown_kind(std::string_view url) {
  if (url.find("://") != std::string_view::npos) return without_password(url);
  const auto end = url.find_first_of(":=@");
  if (end == std::string_view::npos || end + 1 == url.size()) return std::string{url};
  return std::string{url.substr(0, end + 1)} + "...";
}

/// The end of a parameter's value that begins at `begin`. A value in quotes ends after them.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  const bool in_quotes = begin < text.size() && text[begin] == '\'';
  const auto end = in_quotes ? text.find('\'', begin + 1) : text.find_first_of("& \t\n'\"", begin);
  return end == std::string_view::npos ? text.size() : end + (in_quotes ? 1 : 0);
}

} // namespace

result<std::unique_ptr<event_store>> open_store(std::string_view url, store_options options) {
  if (is_in_memory(url)) return open_memory_store(std::move(options));
  if (url.starts_with(sqlite)) return open_sqlite_store(url.substr(sqlite.size()), std::move(options));
  if (detail::postgres_url::names(url)) return open_postgres_store(std::string{url}, std::move(options));
  return error{errc::invalid_argument, "there is no store " + detail::in_quotes(of_unknown_kind(url)) +
                                         ": give sqlite:FILE, postgresql://USER@HOST/DATABASE or memory:"};
}

std::string without_password(std::string_view url) {
  std::string shown{url};
  if (const auto user = shown.find("://"); user != std::string::npos) {
    const auto end = shown.rfind('@');
    const auto begin = shown.find(':', user + 3);
    if (end != std::string::npos && begin < end) shown.replace(begin + 1, end - begin - 1, hidden);
  }
  constexpr std::string_view parameter = "password=";
  for (auto at = shown.find(parameter); at != std::string::npos; at = shown.find(parameter, at)) {
    at += parameter.size();
    shown.replace(at, end_of_value(shown, at) - at, hidden);
  }
  return shown;
}

bool is_in_memory(std::string_view url) noexcept { return url == in_memory; }

} // namespace skald
