#pragma once

#include <skald/store/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

struct sqlite3;

namespace bench {

/// Plain SQLite on a file of skald's: the statements and checks that appending and reading take, and nothing else.
///
/// As skald does it: streams are looked up by name and remembered while no other connection writes, and rows of
/// streams are written at the end of a transaction, once for each. One event type.
class plain_sqlite {
public:
  enum class use : std::uint8_t { appending, reading };
  /// Those of events: made here, or come from outside, so that each is looked up.
  enum class ids : std::uint8_t { made, given };

  static constexpr int default_pages_in_log = 1000; // as skald does

  /// Opens a file that skald has made, with the same settings as skald for the same use. Throws where one has no
  /// effect. A log that has reached `pages_in_log` pages is moved into the database.
  plain_sqlite(const std::filesystem::path& file, use what, int pages_in_log = default_pages_in_log);
  ~plain_sqlite();
  plain_sqlite(const plain_sqlite&) = delete;
  plain_sqlite& operator=(const plain_sqlite&) = delete;

  /// One transaction, with an event for each of `streams`.
  void append(std::span<const skald::stream_id* const> streams, std::string_view data, ids come = ids::made);

  /// The position of the newest event, as the file has it.
  [[nodiscard]] std::size_t head();

  /// Reads every column of all events in order of position, calls `visit` with the data of each, and answers how many
  /// there are.
  std::size_t scan(const std::function<void(std::string_view data)>& visit = [](std::string_view) {});

  /// Reads every column of the events of a stream in its order, and answers how many there are.
  std::size_t scan_stream(const skald::stream_id& stream);

private:
  struct statements;
  struct stream_state {
    std::int64_t key = 0;
    std::int64_t revision = 0;
    std::int64_t newest = 0;
    bool stored = false;
    bool changed = false;
  };
  using stream_entry = std::pair<const skald::stream_id, stream_state>;

  void begin();
  stream_entry& entry_of(const skald::stream_id& stream);
  void write_streams();

  sqlite3* db_ = nullptr;
  std::unique_ptr<statements> statements_;
  std::unordered_map<skald::stream_id, stream_state> streams_;
  std::vector<stream_entry*> changed_;
  std::int64_t version_ = -1; // of the data that is remembered
  std::int64_t position_ = 0;
  std::int64_t time_;
  std::int64_t newest_stream_ = 0;
};

} // namespace bench
