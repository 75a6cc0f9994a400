ALTER TABLE skald_events ADD COLUMN batch TEXT;
ALTER TABLE skald_events ADD COLUMN checksum INTEGER;
CREATE TABLE skald_commands (
  key       INTEGER PRIMARY KEY,
  id        TEXT NOT NULL UNIQUE,
  kept      INTEGER NOT NULL,
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  revisions TEXT NOT NULL,
  answer    TEXT
) STRICT;
CREATE VIEW skald_events_v1 AS
  SELECT e.position, s.name AS stream, e.revision,
         substr(lower(hex(e.id)), 1, 8) || '-' || substr(lower(hex(e.id)), 9, 4) || '-' ||
         substr(lower(hex(e.id)), 13, 4) || '-' || substr(lower(hex(e.id)), 17, 4) || '-' ||
         substr(lower(hex(e.id)), 21) AS id,
         t.name AS type, e.data, e.meta,
         strftime('%Y-%m-%dT%H:%M:%fZ', (e.created >> 16) / 1000.0, 'unixepoch') AS created,
         strftime('%Y-%m-%dT%H:%M:%fZ', (e.recorded >> 16) / 1000.0, 'unixepoch') AS recorded,
         trim(iif(e.flags & 1, 'hydrated', '') || iif(e.flags & 2, ' outdated', '') ||
              iif(e.flags & 4, ' silent', '')) AS flags,
         printf('%016x', e.checksum) AS checksum,
         e.schema_version, e.batch
  FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream LEFT JOIN skald_types t ON t.key = e.type;
CREATE VIEW skald_streams_v1 AS
  SELECT name AS stream, revision,
         iif(newest = 0, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', (newest >> 16) / 1000.0, 'unixepoch')) AS newest
  FROM skald_streams;
CREATE VIEW skald_relations_v1 AS
  SELECT k.name AS key, s.name AS stream, k.revision
  FROM skald_relations r JOIN skald_relation_keys k ON k.key = r.key JOIN skald_streams s ON s.key = r.stream;
CREATE VIEW skald_projections_v1 AS
  SELECT name AS projection, handled, fresh_from,
         (SELECT coalesce(max(position), 0) FROM skald_events) - handled AS behind
  FROM skald_projections;
