#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;

namespace bench {

/// Plain SQLite on a file with skald's schema: the statements and checks that appending takes, and nothing else. One
/// event type; streams are looked up by name in each transaction; an event's id is looked up where it is given.
class plain_sqlite {
public:
  /// Opens a file that skald has made, with the same settings.
  explicit plain_sqlite(const std::filesystem::path& file);
  ~plain_sqlite();
  plain_sqlite(const plain_sqlite&) = delete;
  plain_sqlite& operator=(const plain_sqlite&) = delete;

  struct event {
    std::string_view stream;
    bool id_given = false;
  };

  /// One transaction.
  void append(std::span<const event> events, std::string_view data);

  /// Steps over all events in order of position and calls `visit` with type key, stream key and data.
  void scan(const std::function<void(std::string_view data)>& visit);

private:
  struct statements;

  sqlite3* db_ = nullptr;
  std::unique_ptr<statements> statements_;
  std::int64_t position_ = 0;
  std::int64_t time_;
  std::int64_t newest_stream_ = 0;
};

} // namespace bench
