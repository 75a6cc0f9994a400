#pragma once

#include <sqlite3.h>

#include <functional>
#include <utility>
#include <vector>

namespace skald::test {

/// Knows which connections the process opens to SQLite while it lives. There is one at a time.
class opened_connections {
public:
  /// Calls `greet` with each as it is opened.
  explicit opened_connections(std::function<void(sqlite3*)> greet = {}) {
    seen().greet = std::move(greet);
    sqlite3_auto_extension(hook());
  }
  ~opened_connections() {
    sqlite3_cancel_auto_extension(hook());
    seen() = {};
  }
  opened_connections(const opened_connections&) = delete;
  opened_connections& operator=(const opened_connections&) = delete;

  /// In the order in which they were opened. Precondition for their use: they are still open.
  [[nodiscard]] const std::vector<sqlite3*>& all() const { return seen().opened; }

  /// Calls `visit` with each statement that is prepared on them.
  template <class Visit>
  void for_each_statement(Visit visit) const {
    for (auto* db : all())
      for (auto* s = sqlite3_next_stmt(db, nullptr); s; s = sqlite3_next_stmt(db, s)) visit(s);
  }

private:
  struct state {
    std::vector<sqlite3*> opened;
    std::function<void(sqlite3*)> greet;
  };
  static state& seen() {
    static state all;
    return all;
  }
  static int note(sqlite3* db, char**, const sqlite3_api_routines*) {
    seen().opened.push_back(db);
    if (seen().greet) seen().greet(db);
    return SQLITE_OK;
  }
  static void (*hook())() { return reinterpret_cast<void (*)()>(&note); }
};

} // namespace skald::test
