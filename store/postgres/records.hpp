#pragma once

#include <skald/store/database/known_types.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/postgres/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

/// Not for users, and not installed.
namespace skald::detail::postgres {

#define SKALD_EVENT_BYTES "octet_length(e.data) + coalesce(octet_length(e.meta), 0)"

/// The columns that a `record_decoder` reads, in this order. Data and metadata of larger events are fetched once it
/// is known that the page includes them.
#define SKALD_EVENT_COLUMNS                                                                                            \
  SKALD_RECORD_COLUMNS ", CASE WHEN " SKALD_EVENT_BYTES " <= 8192 THEN e.data END, "                                   \
                       "CASE WHEN " SKALD_EVENT_BYTES " <= 8192 THEN e.meta END, e.stream, " SKALD_EVENT_BYTES
inline constexpr int meta_column = data_column + 1;
inline constexpr int stream_column = meta_column + 1;
inline constexpr int bytes_column = stream_column + 1;

/// `$n` is an array of names of types, or NULL for all types.
#define SKALD_OF_TYPES(n)                                                                                              \
  "(" n "::text[] IS NULL OR e.type = ANY (ARRAY(SELECT key FROM skald_types WHERE name = ANY (" n ")))) "

/// Whether all rows of a page are of one stream, whose name is known.
enum class streams_of_page : bool { one, several };

/// Reads the parts of a record that PostgreSQL stores in its own way. Names and large bodies are fetched for many
/// rows at once.
class record_parts {
public:
  /// Fetches the names of types and streams and the larger bodies of the next rows, as many as a page can hold.
  /// Returns the number of these rows.
  std::size_t fetch_page(rows& of, streams_of_page streams);

  /// Forgets names if they are too many. Not within a transaction, which may have added types.
  void trim() noexcept {
    types_.trim();
    if (streams_.size() >= most_known_streams) streams_.clear();
  }

  [[nodiscard]] known_types& types() noexcept { return types_; }
  void forget_streams() noexcept { streams_.clear(); }

protected:
  record_parts(connection& db, bool) : db_{db} {}

  const std::string* type_of(const rows& row) const { return types_.name_of(row.integer(type_column)); }
  bool read_stream(const rows& row, record& r) const {
    const auto known = streams_.find(row.integer(stream_column));
    if (known == streams_.end()) return false;
    r.stream = known->second;
    return true;
  }
  void read_body(const rows& row, record& r) {
    const bool here = !row.null(data_column);
    auto body = here ? decltype(bodies_)::node_type{} : bodies_.extract(row.integer(0));
    r.data = body ? std::move(body.mapped().first) : std::string{row.text(data_column)};
    r.meta = body ? std::move(body.mapped().second) : std::string{row.text(meta_column)};
  }

private:
  static constexpr std::size_t most_known_streams = 16'384;

  void each(const statement& find, const std::set<std::int64_t>& keys, const auto& use) {
    if (keys.empty()) return;
    for (auto row = db_.run(find, array_of(keys)); row.next();) use(row);
  }

  connection& db_;
  known_types types_;
  std::unordered_map<std::int64_t, stream_id> streams_;
  std::unordered_map<std::int64_t, std::pair<std::string, std::string>> bodies_; // by position
};
using record_decoder = detail::record_decoder<record_parts>;

} // namespace skald::detail::postgres
