#pragma once

#include <skald/store/sqlite/records.hpp>

#include <array>
#include <string>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// A snapshot, and the numbers that tell whether it holds.
#define SKALD_SNAPSHOT "SELECT " SKALD_SNAPSHOT_COLUMNS ", "
#define SKALD_RECORDS_AFTER                                                                                            \
  "(SELECT count(*) FROM skald_events e WHERE e.stream = s.key AND (e.created, e.id) > (f.created, f.id))"

/// The prepared queries of a reader. Those of pages come in two directions, forward first.
class queries {
public:
  explicit queries(const connection& db) : db_{db} {}

private:
  const connection& db_;

  [[nodiscard]] statement prepare(const char* purpose, const std::string& text) const { return {db_, purpose, text}; }

  /// `stream` is SQL for the key of the stream.
  [[nodiscard]] std::array<statement, 2> prepare_stream_pages(const char* columns, const std::string& stream,
                                                              const char* limit) const {
    return {prepare_stream_page(columns, stream, "ASC", limit), prepare_stream_page(columns, stream, "DESC", limit)};
  }

  [[nodiscard]] statement prepare_stream_page(const char* columns, const std::string& stream, const std::string& order,
                                              const char* limit) const {
    return prepare("reading a stream", std::string{"SELECT "} + columns +
                                         " FROM skald_events e WHERE e.stream = " + stream +
                                         " AND (e.created, e.id) > (?2, ?3) AND (e.created, e.id) < (?4, ?5) "
                                         "AND (?6 IS NULL OR e.type IN (SELECT value FROM json_each(?6))) "
                                         "ORDER BY e.created " +
                                         order + ", e.id " + order + limit);
  }

  [[nodiscard]] statement prepare_all_page(const std::string& order) const {
    return prepare("reading all events",
                   "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                   "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.position > ?1 AND e.position < ?2 "
                   "AND (?3 IS NULL OR e.type IN (SELECT value FROM json_each(?3))) "
                   "ORDER BY e.position " +
                     order);
  }

public:
  statement begin = prepare("reading", "BEGIN");
  statement end = prepare("reading", "COMMIT");
  std::array<statement, 2> stream_pages =
    prepare_stream_pages(SKALD_EVENT_COLUMNS, "(SELECT key FROM skald_streams WHERE name = ?1)", "");
  std::array<statement, 2> next_of_stream = prepare_stream_pages("e.position, e.created, e.id", "?1", " LIMIT 1");
  std::array<statement, 2> all_pages{prepare_all_page("ASC"), prepare_all_page("DESC")};
  statement find = prepare("looking up an event", "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                                                  "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.id = ?1");
  statement status =
    prepare("looking up an event", "SELECT EXISTS (SELECT 1 FROM skald_events WHERE id = ?1), "
                                   "EXISTS (SELECT 1 FROM skald_events "
                                   "WHERE stream = (SELECT key FROM skald_streams WHERE name = ?2) AND created > ?3 "
                                   "AND type = (SELECT key FROM skald_types WHERE name = ?4))");
  statement revision = prepare("looking up a stream", "SELECT revision FROM skald_streams WHERE name = ?1");
  statement head = prepare("looking up the newest event", "SELECT max(position) FROM skald_events");
  statement at_position =
    prepare("looking up an event", "SELECT " SKALD_EVENT_COLUMNS ", s.name FROM skald_events e "
                                   "LEFT JOIN skald_streams s ON s.key = e.stream WHERE e.position = ?1");
  statement stream_key = prepare("looking up a stream", "SELECT key FROM skald_streams WHERE name = ?1");
  statement stream_row = prepare("looking up a stream", "SELECT name, revision FROM skald_streams WHERE key = ?1");
  statement events_of = prepare("counting the events of a stream",
                                "SELECT created, id FROM skald_events WHERE stream = ?1 ORDER BY created, id");
  statement stream_keys_under =
    prepare("reading a relation", "SELECT stream FROM skald_relations "
                                  "WHERE key = (SELECT key FROM skald_relation_keys WHERE name = ?1)");
  statement relation =
    prepare("reading a relation", "SELECT k.revision, s.name FROM skald_relation_keys k "
                                  "LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s "
                                  "ON s.key = r.stream WHERE k.name = ?1 ORDER BY s.name");
  statement relation_key = prepare("reading a relation", "SELECT key FROM skald_relation_keys WHERE name = ?1");
  statement keys_of_stream =
    prepare("reading the relations of a stream",
            "SELECT k.name FROM skald_relations r JOIN skald_relation_keys k ON k.key = r.key "
            "WHERE r.stream = (SELECT key FROM skald_streams WHERE name = ?1) ORDER BY k.name");
  statement streams =
    prepare("listing streams", "SELECT name, revision, newest FROM skald_streams WHERE name > ?1 AND revision > 0 "
                               "ORDER BY name LIMIT ?2");
  statement relations = prepare("listing relations", "SELECT k.name, k.revision, count(*) FROM skald_relation_keys k "
                                                     "JOIN skald_relations r ON r.key = k.key WHERE k.name > ?1 "
                                                     "GROUP BY k.name ORDER BY k.name LIMIT ?2");
  statement snapshots =
    prepare("listing snapshots",
            "SELECT * FROM (SELECT f.reducer, f.relation <> 0 AS of_relation, coalesce(k.name, s.name) AS name "
            "FROM skald_snapshots f LEFT JOIN skald_relation_keys k ON k.key = f.relation "
            "LEFT JOIN skald_streams s ON s.key = f.stream) WHERE (reducer, of_relation, name) > (?1, ?2, ?3) "
            "ORDER BY reducer, of_relation, name LIMIT ?4");
  statement identity = prepare("reading its identity", "SELECT id, epoch FROM skald_store");
  statement types_of_events = prepare("counting event types", "SELECT type FROM skald_events");
  statement snapshot_of_stream =
    prepare("reading a snapshot",
            SKALD_SNAPSHOT "s.revision, " SKALD_RECORDS_AFTER ", 0 "
                           "FROM skald_streams s JOIN skald_snapshots f ON (f.stream, f.relation) = (s.key, 0) "
                           "WHERE s.name = ?1 AND f.reducer = ?2");
  statement snapshot_of_relation =
    prepare("reading a snapshot",
            SKALD_SNAPSHOT "sum(s.revision), sum(" SKALD_RECORDS_AFTER "), k.revision "
                           "FROM skald_relation_keys k JOIN skald_snapshots f ON (f.stream, f.relation) = (0, k.key) "
                           "LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s ON s.key = r.stream "
                           "WHERE k.name = ?1 AND f.reducer = ?2 GROUP BY k.key");
};

#undef SKALD_SNAPSHOT
#undef SKALD_RECORDS_AFTER

} // namespace skald::detail::sqlite
