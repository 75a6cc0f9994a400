#include <skald/store/open_store.hpp>

#include <skald/store/memory_store.hpp>
#include <skald/store/postgres_store.hpp>
#include <skald/store/postgres_url.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/sqlite_store.hpp>

#include <algorithm>

namespace skald {

namespace {

constexpr std::string_view in_memory = "memory:";
constexpr std::string_view sqlite = "sqlite:";
constexpr std::string_view hidden = "***";

} // namespace

result<std::unique_ptr<event_store>> open_store(std::string_view url, store_options options) {
  if (is_in_memory(url)) return open_memory_store(std::move(options));
  if (url.starts_with(sqlite)) return open_sqlite_store(url.substr(sqlite.size()), std::move(options));
  if (detail::postgres_url::names(url)) return open_postgres_store(std::string{url}, std::move(options));
  return error{errc::invalid_argument, "there is no store " + detail::in_quotes(without_password(url)) +
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
    shown.replace(at, std::min(shown.find('&', at), shown.size()) - at, hidden);
  }
  return shown;
}

bool is_in_memory(std::string_view url) noexcept { return url == in_memory; }

} // namespace skald
