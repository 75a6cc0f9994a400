#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

namespace skald::test {

/// Runs SQL on a file as another program would.
inline void run_sql(const std::filesystem::path& file, const std::string& text) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  const int code = sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr);
  const std::string why = sqlite3_errmsg(db);
  sqlite3_close(db);
  REQUIRE_MESSAGE(code == SQLITE_OK, why);
}

} // namespace skald::test
