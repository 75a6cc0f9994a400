#pragma once

#include <skald/store/relation.hpp>
#include <skald/store/sqlite/stream_table.hpp>

#include <cstdint>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The relation keys and the streams under them, as a writer changes them.
class relation_table {
public:
  /// `check` is null unless the connection verifies its reads.
  relation_table(const connection& db, name_check* check, stream_table& streams)
    : db_{db}, check_{check}, streams_{streams} {}

  void apply(const relation_change& change) {
    using kind = relation_change::kind;
    if (change.what() == kind::remove_stream) {
      const auto stream = streams_.at(change.stream()).second.key;
      raise_keys_of_.run(stream);
      remove_stream_.run(stream);
      return;
    }
    if (change.what() == kind::insert) add(change.key());
    const auto key = key_of(change.key());
    if (key == 0) return; // nothing was ever under it
    if (change.what() == kind::insert)
      insert_.run(key, streams_.key_for_change(change.stream()));
    else if (change.what() == kind::remove)
      remove_.run(key, streams_.at(change.stream()).second.key);
    else
      remove_key_.run(key);
    if (db_.changes() != 0) raise_key_.run(key);
  }

  void add(const relation_key& key) {
    if (check_ && key_of(key) == 0) check_->all();
    add_key_.run(key);
  }

  /// 0 if there is none.
  [[nodiscard]] std::int64_t key_of(const relation_key& key) {
    auto row = find_key_(key);
    return row.next() ? row.integer(0) : 0;
  }

private:
  static constexpr const char* writing = "writing a relation";

  const connection& db_;
  name_check* check_;
  stream_table& streams_;
  statement add_key_{db_, writing,
                     "INSERT INTO skald_relation_keys (name, revision) VALUES (?1, 0) ON CONFLICT (name) DO NOTHING"};
  statement find_key_{db_, "looking up a relation", "SELECT key FROM skald_relation_keys WHERE name = ?1"};
  statement raise_key_{db_, writing, "UPDATE skald_relation_keys SET revision = revision + 1 WHERE key = ?1"};
  statement raise_keys_of_{db_, writing,
                           "UPDATE skald_relation_keys SET revision = revision + 1 "
                           "WHERE key IN (SELECT key FROM skald_relations WHERE stream = ?1)"};
  statement insert_{db_, writing, "INSERT INTO skald_relations VALUES (?1, ?2) ON CONFLICT DO NOTHING"};
  statement remove_{db_, writing, "DELETE FROM skald_relations WHERE key = ?1 AND stream = ?2"};
  statement remove_key_{db_, writing, "DELETE FROM skald_relations WHERE key = ?1"};
  statement remove_stream_{db_, writing, "DELETE FROM skald_relations WHERE stream = ?1"};
};

} // namespace skald::detail::sqlite
