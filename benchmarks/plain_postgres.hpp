#pragma once

#include <skald/store/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bench {

/// Plain libpq on a schema of skald's: the statements and checks that appending and reading take, and nothing else. One
/// event type.
class plain_postgres {
public:
  /// `conninfo` is libpq's. skald has made the schema; the session is set up as skald does it.
  plain_postgres(const std::string& conninfo, const std::string& schema);
  ~plain_postgres();
  plain_postgres(const plain_postgres&) = delete;
  plain_postgres& operator=(const plain_postgres&) = delete;

  /// One transaction, with an event for each of `streams`.
  void append(std::span<const skald::stream_id* const> streams, std::string_view data);

  /// Reads every column of all events in order of position, by a cursor, as many at a time as a page of skald has, and
  /// answers how many there are.
  std::size_t scan();

  /// Reads every column of the events of a stream in its order, and answers how many there are.
  std::size_t scan_stream(const skald::stream_id& stream);

private:
  struct session;

  std::unique_ptr<session> session_;
  const std::string id_ = skald::make_event_id().str();
  std::int64_t commits_ = 0;
};

} // namespace bench
