CREATE TABLE skald_schema (version integer NOT NULL);
INSERT INTO skald_schema VALUES (0);
-- One row. Who writes events has locked it, from before it looks until it has committed: so positions follow the
-- order of commits and have no gaps.
CREATE TABLE skald_head (
  position    bigint NOT NULL,
  recorded    bigint NOT NULL,
  last_stream bigint NOT NULL,
  last_type   integer NOT NULL
) WITH (fillfactor = 10);
INSERT INTO skald_head VALUES (0, 0, 0, 0);
CREATE TABLE skald_streams (
  key      bigint PRIMARY KEY,
  name     text COLLATE "C" NOT NULL UNIQUE,
  revision bigint NOT NULL,
  newest   bigint NOT NULL
) WITH (fillfactor = 80);
CREATE TABLE skald_types (
  key  integer PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE skald_events (
  position       bigint PRIMARY KEY,
  id             uuid NOT NULL UNIQUE,
  stream         bigint NOT NULL,
  type           integer NOT NULL,
  revision       bigint NOT NULL,
  schema_version bigint NOT NULL,
  created        bigint NOT NULL,
  recorded       bigint NOT NULL,
  flags          integer NOT NULL,
  data           text NOT NULL,
  meta           text,
  batch          text,
  checksum       bigint
);
CREATE INDEX skald_events_by_stream ON skald_events (stream, created, id);
CREATE TABLE skald_projections (
  key        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text COLLATE "C" NOT NULL UNIQUE,
  handled    bigint NOT NULL,
  fresh_from bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE skald_completions (
  projection bigint NOT NULL,
  position   bigint NOT NULL,
  handler    text COLLATE "C" NOT NULL,
  PRIMARY KEY (projection, position, handler)
);
CREATE TABLE skald_relation_keys (
  key      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name     text COLLATE "C" NOT NULL UNIQUE,
  revision bigint NOT NULL
);
CREATE TABLE skald_relations (
  key    bigint NOT NULL,
  stream bigint NOT NULL,
  PRIMARY KEY (key, stream)
);
CREATE INDEX skald_relations_by_stream ON skald_relations (stream, key);

-- Makes changes of relations in their order. Kinds are those of skald::relation_change.
CREATE FUNCTION skald_relate(kinds integer[], names text[], streams bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  change  record;
  found   bigint;
  changed bigint;
BEGIN
  FOR change IN SELECT * FROM unnest(kinds, names, streams) AS u (kind, name, stream) LOOP
    IF change.kind = 3 THEN
      WITH gone AS (DELETE FROM skald_relations r WHERE r.stream = change.stream RETURNING r.key)
      UPDATE skald_relation_keys k SET revision = k.revision + 1 FROM gone WHERE k.key = gone.key;
      CONTINUE;
    END IF;
    SELECT k.key INTO found FROM skald_relation_keys k WHERE k.name = change.name;
    IF found IS NULL THEN
      CONTINUE WHEN change.kind <> 0;
      INSERT INTO skald_relation_keys (name, revision) VALUES (change.name, 0) RETURNING key INTO found;
    END IF;
    IF change.kind = 0 THEN
      INSERT INTO skald_relations VALUES (found, change.stream) ON CONFLICT DO NOTHING;
    ELSIF change.kind = 1 THEN
      DELETE FROM skald_relations r WHERE r.key = found AND r.stream = change.stream;
    ELSE
      DELETE FROM skald_relations r WHERE r.key = found;
    END IF;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 THEN
      UPDATE skald_relation_keys k SET revision = k.revision + 1 WHERE k.key = found;
    END IF;
  END LOOP;
END $$;

CREATE TABLE skald_snapshots (
  of_relation       boolean NOT NULL,
  name              text COLLATE "C" NOT NULL,
  reducer           text COLLATE "C" NOT NULL,
  fingerprint       text NOT NULL,
  created           bigint NOT NULL,
  id                uuid NOT NULL,
  records           bigint NOT NULL,
  relation_revision bigint NOT NULL,
  checksum          text NOT NULL,
  state             text NOT NULL,
  PRIMARY KEY (of_relation, name, reducer)
);

-- For people and their tools.
CREATE VIEW skald_events_v1 AS
  SELECT e.position, s.name AS stream, e.revision, e.id, t.name AS type, e.data, e.meta,
         to_timestamp((e.created >> 16) / 1000.0) AS created, to_timestamp((e.recorded >> 16) / 1000.0) AS recorded,
         concat_ws(' ', CASE WHEN e.flags & 1 <> 0 THEN 'hydrated' END, CASE WHEN e.flags & 2 <> 0 THEN 'outdated' END,
                   CASE WHEN e.flags & 4 <> 0 THEN 'silent' END) AS flags,
         lpad(to_hex(e.checksum), 16, '0') AS checksum, e.schema_version, e.batch
  FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream LEFT JOIN skald_types t ON t.key = e.type;
CREATE VIEW skald_streams_v1 AS
  SELECT name AS stream, revision, to_timestamp((nullif(newest, 0) >> 16) / 1000.0) AS newest FROM skald_streams;
CREATE VIEW skald_relations_v1 AS
  SELECT k.name AS key, s.name AS stream, k.revision
  FROM skald_relations r JOIN skald_relation_keys k ON k.key = r.key JOIN skald_streams s ON s.key = r.stream;
CREATE VIEW skald_projections_v1 AS
  SELECT p.name AS projection, p.handled, p.fresh_from, h.position - p.handled AS behind
  FROM skald_projections p CROSS JOIN skald_head h;
