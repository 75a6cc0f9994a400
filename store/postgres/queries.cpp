#include <skald/store/postgres/queries.hpp>

#include <skald/store/postgres/records.hpp>

namespace skald::detail::postgres {

const statement look_at_head{"looking up the newest event", "SELECT position, recorded FROM skald_head"};

/// The records after the lower bound, up to and including the higher one.
#define SKALD_BETWEEN_BOUNDS                                                                                           \
  "(e.created, e.id) > ($2::bigint, $3::uuid) AND (e.created, e.id) <= ($4::bigint, $5::uuid) "

namespace {

statement stream_page(const std::string& order) {
  return {"reading a stream",
          "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e "
          "WHERE e.stream = (SELECT key FROM skald_streams WHERE name = $1) AND " SKALD_BETWEEN_BOUNDS
          "AND " SKALD_OF_TYPES("$6") "ORDER BY e.created " +
            order + ", e.id " + order + " LIMIT $7"};
}

/// Merges the streams. The first few records of each stream give a place that the page does not go beyond, and no
/// stream is read beyond it. A page of n records reads 1 + n / 100 records of each stream besides its own, and at
/// most 100 n if they lie unevenly. The place replaces a bound: of two bounds on one side, an index may use either.
statement streams_page(const std::string& order) {
  const bool forward = order == "ASC";
  const std::string first_few = " LIMIT 1 + $7 / 100 + $7 / (SELECT greatest(count(*), 1) FROM wanted)";
  const auto ordered = [&](const std::string& by) {
    return "ORDER BY " + by + ".created " + order + ", " + by + ".id " + order;
  };
  const auto first_of_each = [&](const std::string& between, const std::string& limit) {
    return "FROM wanted w CROSS JOIN LATERAL (SELECT e.position, e.created, e.id FROM skald_events e "
           "WHERE e.stream = w.key AND " +
           between + "AND " SKALD_OF_TYPES("$6") + ordered("e") + limit + ") f " + ordered("f");
  };
  const auto farthest_or = [](const std::string& created, const std::string& id) {
    return "(coalesce((SELECT created FROM farthest), " + created + "::bigint), coalesce((SELECT id FROM farthest), " +
           id + "::uuid)) ";
  };
  const auto near = "(e.created, e.id) > " + (forward ? "($2::bigint, $3::uuid) " : farthest_or("$2", "$3")) +
                    "AND (e.created, e.id) <= " + (forward ? farthest_or("$4", "$5") : "($4::bigint, $5::uuid) ");
  return {
    "reading streams",
    "WITH wanted AS MATERIALIZED (SELECT key FROM skald_streams WHERE name = ANY ($1) UNION "
    "SELECT r.stream FROM skald_relation_keys k JOIN skald_relations r ON r.key = k.key WHERE k.name = ANY ($8)), "
    "farthest AS MATERIALIZED (SELECT f.created, f.id " +
      first_of_each(SKALD_BETWEEN_BOUNDS, first_few) + " LIMIT 1 OFFSET " + (forward ? "greatest($7 - 1, 0)" : "$7") +
      "), page AS (SELECT f.* " + first_of_each(near, " LIMIT $7") +
      " LIMIT $7) SELECT " SKALD_EVENT_COLUMNS " FROM page JOIN skald_events e ON e.position = page.position " +
      ordered("e")};
}

statement all_page(const std::string& order) {
  return {"reading all events",
          "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e "
          "WHERE e.position > $1 AND e.position < $2 AND " SKALD_OF_TYPES("$3") "ORDER BY e.position " +
            order + " LIMIT $4"};
}

} // namespace

const std::array<statement, 2> stream_pages{stream_page("ASC"), stream_page("DESC")};
const std::array<statement, 2> streams_pages{streams_page("ASC"), streams_page("DESC")};
const std::array<statement, 2> all_pages{all_page("ASC"), all_page("DESC")};
const statement find_event{"looking up an event", "SELECT " SKALD_EVENT_COLUMNS " FROM skald_events e WHERE e.id = $1"};
const statement find_status{
  "looking up an event",
  "SELECT EXISTS (SELECT FROM skald_events WHERE id = $1)::int, EXISTS (SELECT FROM skald_events "
  "WHERE stream = (SELECT key FROM skald_streams WHERE name = $2) AND created > $3 "
  "AND type = (SELECT key FROM skald_types WHERE name = $4))::int"};
const statement find_revision{"looking up a stream", "SELECT revision FROM skald_streams WHERE name = $1"};
const statement find_identity{"reading its identity", "SELECT id, epoch FROM skald_store"};
const statement find_relation{
  "reading a relation", "SELECT k.revision, s.name FROM skald_relation_keys k "
                        "LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s ON s.key = r.stream "
                        "WHERE k.name = $1 ORDER BY s.name"};
namespace {

/// A snapshot, and the numbers that tell whether it holds.
statement snapshot_with(const std::string& basis) {
  return {"reading a snapshot", "SELECT " SKALD_SNAPSHOT_COLUMNS
                                ", b.records, b.behind, b.revision FROM skald_snapshots f LEFT JOIN LATERAL (" +
                                  basis +
                                  ") b ON true WHERE (f.of_relation, f.name, f.reducer) = ($1::boolean, $2, $3)"};
}

} // namespace

#define SKALD_RECORDS_AFTER                                                                                            \
  "(SELECT count(*) FROM skald_events e WHERE e.stream = s.key AND (e.created, e.id) > (f.created, f.id))"
const statement find_snapshot_of_stream =
  snapshot_with("SELECT s.revision AS records, " SKALD_RECORDS_AFTER " AS behind, 0 AS revision FROM skald_streams s "
                "WHERE s.name = f.name");
const statement find_snapshot_of_relation = snapshot_with(
  "SELECT sum(s.revision)::bigint AS records, sum(" SKALD_RECORDS_AFTER ")::bigint AS behind, k.revision "
  "FROM skald_relation_keys k LEFT JOIN skald_relations r ON r.key = k.key LEFT JOIN skald_streams s ON s.key = "
  "r.stream "
  "WHERE k.name = f.name GROUP BY k.key");
const statement list_streams{"listing streams", "SELECT name, revision, newest FROM skald_streams "
                                                "WHERE name > $1 AND revision > 0 ORDER BY name LIMIT $2"};
const statement list_relations{"listing relations", "SELECT k.name, k.revision, count(*) FROM skald_relation_keys k "
                                                    "JOIN skald_relations r ON r.key = k.key WHERE k.name > $1 "
                                                    "GROUP BY k.key ORDER BY k.name LIMIT $2"};
const statement list_snapshots{"listing snapshots", "SELECT reducer, of_relation::int, name FROM skald_snapshots "
                                                    "WHERE (reducer, of_relation, name) > ($1, $2::boolean, $3) "
                                                    "ORDER BY reducer, of_relation, name LIMIT $4"};
const statement count_types{"counting event types",
                            "SELECT t.name, e.events FROM skald_types t "
                            "JOIN (SELECT type, count(*) AS events FROM skald_events GROUP BY type) e "
                            "ON e.type = t.key ORDER BY t.name"};
const statement find_relation_keys{"reading the relations of a stream",
                                   "SELECT k.name FROM skald_relations r JOIN skald_relation_keys k ON k.key = r.key "
                                   "WHERE r.stream = (SELECT key FROM skald_streams WHERE name = $1) ORDER BY k.name"};

const statement count_events{"counting the events of streams", R"sql(
SELECT s.name, s.revision, c.found FROM (
  SELECT key FROM skald_streams WHERE name = ANY ($1) UNION
  SELECT r.stream FROM skald_relation_keys k JOIN skald_relations r ON r.key = k.key WHERE k.name = ANY ($2)) w
JOIN skald_streams s ON s.key = w.key
CROSS JOIN LATERAL (SELECT count(*) AS found FROM skald_events e WHERE e.stream = s.key) c
WHERE c.found <> s.revision)sql"};
const statement next_streams{"verifying it", R"sql(
SELECT key, name, revision, newest FROM (
  SELECT key, name, revision, newest, sum(revision) OVER (ORDER BY key) - revision AS events
  FROM (SELECT * FROM skald_streams WHERE key > $1 ORDER BY key LIMIT 1000) next) counted
WHERE events < $2 ORDER BY key)sql"};
const statement next_receipts{"reading receipts of commands", R"sql(
SELECT id, )sql" SKALD_RECEIPT_COLUMNS R"sql( FROM (
  SELECT *, sum(octet_length(revisions) + coalesce(octet_length(answer), 0)) OVER (ORDER BY id)
            - octet_length(revisions) - coalesce(octet_length(answer), 0) AS before
  FROM (SELECT * FROM skald_commands WHERE id > $1 ORDER BY id LIMIT 1000) next) counted
WHERE before < 8388608 ORDER BY id)sql"};
const statement next_snapshots{"reading snapshots", R"sql(
SELECT f.reducer, f.of_relation::int, f.name, )sql" SKALD_SNAPSHOT_COLUMNS R"sql( FROM (
  SELECT *, sum(octet_length(state)) OVER (ORDER BY of_relation, name, reducer) - octet_length(state) AS before
  FROM (SELECT * FROM skald_snapshots WHERE (of_relation, name, reducer) > ($1::boolean, $2, $3)
        ORDER BY of_relation, name, reducer LIMIT 1000) next) f
WHERE f.before < 8388608 ORDER BY f.of_relation, f.name, f.reducer)sql"};
const char* const problems_of_head[4] = {
  R"sql(SELECT format('skald_head says that the newest record is at position %s, it is at position %s', h.position, e.last)
FROM skald_head h, (SELECT coalesce(max(position), 0) AS last FROM skald_events) e WHERE h.position <> e.last)sql",
  R"sql(SELECT format('skald_head says that the last stream is %s, there is stream %s', h.last_stream, s.last)
FROM skald_head h, (SELECT max(key) AS last FROM skald_streams) s WHERE h.last_stream < s.last)sql",
  R"sql(SELECT format('skald_head says that the last event type is %s, there is event type %s', h.last_type, t.last)
FROM skald_head h, (SELECT max(key) AS last FROM skald_types) t WHERE h.last_type < t.last)sql",
  R"sql(SELECT format('skald_head has %s rows, not one', count(*)) FROM skald_head HAVING count(*) <> 1)sql",
};

} // namespace skald::detail::postgres
