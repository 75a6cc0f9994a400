#pragma once

#include <skald/store/read/snapshots.hpp>
#include <skald/store/sqlite/relation_table.hpp>

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The snapshots, as a writer changes them.
class snapshot_table {
public:
  snapshot_table(const connection& db, stream_table& streams, relation_table& relations)
    : db_{db}, streams_{streams}, relations_{relations} {}

  void save(const snapshot& s) {
    if (s.key.relation()) relations_.add(*s.key.relation());
    const auto [stream, relation] = owner_of(s.key);
    assert(stream != 0 || relation != 0);
    save_.run(stream, relation, std::string_view{s.key.reducer()}, std::string_view{s.fingerprint}, s.cursor.created,
              s.cursor.id, s.records, s.relation_revision, std::string_view{checksum_of(s)}, std::string_view{s.state});
  }

  void remove(const snapshot_key& key) {
    const auto [stream, relation] = owner_of(key);
    remove_.run(stream, relation, std::string_view{key.reducer()});
  }

private:
  /// The keys of stream and relation. One of them is 0; both are if the store does not know them.
  std::pair<std::int64_t, std::int64_t> owner_of(const snapshot_key& key) {
    if (key.stream()) return {streams_.at(*key.stream()).second.key, 0};
    return {0, relations_.key_of(*key.relation())};
  }

  const connection& db_;
  stream_table& streams_;
  relation_table& relations_;
  statement save_{db_, "saving a snapshot",
                  "INSERT OR REPLACE INTO skald_snapshots VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"};
  statement remove_{db_, "removing a snapshot",
                    "DELETE FROM skald_snapshots WHERE (stream, relation, reducer) = (?1, ?2, ?3)"};
};

} // namespace skald::detail::sqlite
