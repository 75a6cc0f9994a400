#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <tests/store/contract.hpp>

#include <filesystem>
#include <string>

namespace skald::test {

/// Runs SQL on a file as another program would. Answers the first value of the answer.
inline std::string run_sql(const std::filesystem::path& file, const std::string& text) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  std::string value;
  const auto keep = [](void* to, int, char** values, char**) {
    auto& kept = *static_cast<std::string*>(to);
    if (kept.empty() && values[0]) kept = values[0];
    return 0;
  };
  const int code = sqlite3_exec(db, text.c_str(), keep, &value, nullptr);
  const std::string why = sqlite3_errmsg(db);
  sqlite3_close(db);
  REQUIRE_MESSAGE(code == SQLITE_OK, why);
  return value;
}

/// The same in what a backend keeps, whichever it is.
inline std::string sql_of(const sqlite& backend, const std::string& text) {
  return run_sql(backend.folder.path() / "events.db", text);
}
#ifdef SKALD_WITH_POSTGRES
inline std::string sql_of(const postgres& backend, const std::string& text) { return backend.schema.sql(text); }
#endif

} // namespace skald::test
