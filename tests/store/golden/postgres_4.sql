CREATE SCHEMA skald_golden;

CREATE FUNCTION skald_golden.skald_relate(kinds integer[], names text[], streams bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE TABLE skald_golden.skald_commands (
    id text NOT NULL COLLATE pg_catalog."C",
    kept bigint NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    revisions text NOT NULL,
    answer text,
    checksum bigint
);

CREATE TABLE skald_golden.skald_completions (
    projection bigint NOT NULL,
    "position" bigint NOT NULL,
    handler text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE skald_golden.skald_events (
    "position" bigint NOT NULL,
    id uuid NOT NULL,
    stream bigint NOT NULL,
    type integer NOT NULL,
    revision bigint NOT NULL,
    schema_version bigint NOT NULL,
    created bigint NOT NULL,
    recorded bigint NOT NULL,
    flags integer NOT NULL,
    data text NOT NULL,
    meta text,
    batch text,
    checksum bigint
);

CREATE TABLE skald_golden.skald_streams (
    key bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    newest bigint NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE skald_golden.skald_types (
    key integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C"
);

CREATE VIEW skald_golden.skald_events_v1 AS
 SELECT e."position",
    s.name AS stream,
    e.revision,
    e.id,
    t.name AS type,
    e.data,
    e.meta,
    to_timestamp(((((e.created >> 16))::numeric / 1000.0))::double precision) AS created,
    to_timestamp(((((e.recorded >> 16))::numeric / 1000.0))::double precision) AS recorded,
    concat_ws(' '::text,
        CASE
            WHEN ((e.flags & 1) <> 0) THEN 'hydrated'::text
            ELSE NULL::text
        END,
        CASE
            WHEN ((e.flags & 2) <> 0) THEN 'outdated'::text
            ELSE NULL::text
        END,
        CASE
            WHEN ((e.flags & 4) <> 0) THEN 'silent'::text
            ELSE NULL::text
        END) AS flags,
    lpad(to_hex(e.checksum), 16, '0'::text) AS checksum,
    e.schema_version,
    e.batch
   FROM ((skald_golden.skald_events e
     LEFT JOIN skald_golden.skald_streams s ON ((s.key = e.stream)))
     LEFT JOIN skald_golden.skald_types t ON ((t.key = e.type)));

CREATE TABLE skald_golden.skald_head (
    "position" bigint NOT NULL,
    recorded bigint NOT NULL,
    last_stream bigint NOT NULL,
    last_type integer NOT NULL
)
WITH (fillfactor='10');

CREATE TABLE skald_golden.skald_projections (
    key bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    handled bigint NOT NULL,
    fresh_from bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE skald_golden.skald_projections ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME skald_golden.skald_projections_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW skald_golden.skald_projections_v1 AS
 SELECT p.name AS projection,
    p.handled,
    p.fresh_from,
    (h."position" - p.handled) AS behind
   FROM (skald_golden.skald_projections p
     CROSS JOIN skald_golden.skald_head h);

CREATE TABLE skald_golden.skald_relation_keys (
    key bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL
);

ALTER TABLE skald_golden.skald_relation_keys ALTER COLUMN key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME skald_golden.skald_relation_keys_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE skald_golden.skald_relations (
    key bigint NOT NULL,
    stream bigint NOT NULL
);

CREATE VIEW skald_golden.skald_relations_v1 AS
 SELECT k.name AS key,
    s.name AS stream,
    k.revision
   FROM ((skald_golden.skald_relations r
     JOIN skald_golden.skald_relation_keys k ON ((k.key = r.key)))
     JOIN skald_golden.skald_streams s ON ((s.key = r.stream)));

CREATE TABLE skald_golden.skald_schema (
    version integer NOT NULL
);

CREATE TABLE skald_golden.skald_sessions (
    id uuid NOT NULL,
    commits bigint NOT NULL,
    newest timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE skald_golden.skald_snapshots (
    of_relation boolean NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    reducer text NOT NULL COLLATE pg_catalog."C",
    fingerprint text NOT NULL,
    created bigint NOT NULL,
    id uuid NOT NULL,
    records bigint NOT NULL,
    relation_revision bigint NOT NULL,
    checksum text NOT NULL,
    state text NOT NULL
);

CREATE TABLE skald_golden.skald_store (
    id uuid,
    epoch uuid
);

CREATE VIEW skald_golden.skald_streams_v1 AS
 SELECT skald_streams.name AS stream,
    skald_streams.revision,
    to_timestamp(((((NULLIF(skald_streams.newest, 0) >> 16))::numeric / 1000.0))::double precision) AS newest
   FROM skald_golden.skald_streams;

INSERT INTO skald_golden.skald_commands VALUES ('nothing to do', 114688251658240004, 0, 0, '[]', NULL, -4916830685769488652);
INSERT INTO skald_golden.skald_commands VALUES ('pay 7', 114688251658240002, 14, 14, '[1]', '{ "due": 1.10 }', -5241390471093777989);
INSERT INTO skald_golden.skald_commands VALUES ('close 8', 114689179648000000, 0, 0, '[]', '"closed"', -619341815802891499);

INSERT INTO skald_golden.skald_completions VALUES (1, 6, 'once:fine:paid');

INSERT INTO skald_golden.skald_events VALUES (1, '00000000-0000-8000-8000-000000000001', 1, 1, 1, 1, 114688000000000000, 114688000000000000, 0, '{"n":1}', NULL, NULL, -1230649033163055819);
INSERT INTO skald_golden.skald_events VALUES (2, '00000000-0000-8000-8000-000000000002', 1, 2, 2, 3, 114688000000000001, 114688000000000001, 0, '{ "cents": 9007199254740993, "by": "Zoë 😀\u0000" }', '{"who":"clerk"}', NULL, -7984820903386822576);
INSERT INTO skald_golden.skald_events VALUES (3, '00000000-0000-8000-8000-00000000000b', 2, 3, 1, 1, 114688235929600000, 114688235929600000, 0, '{"n":11}', NULL, NULL, -1013476398401288588);
INSERT INTO skald_golden.skald_events VALUES (4, '00000000-0000-8000-8000-00000000000c', 2, 3, 2, 1, 114688235929600001, 114688235929600001, 0, '{"n":12}', NULL, NULL, -3567764419552133186);
INSERT INTO skald_golden.skald_events VALUES (5, '00000000-0000-8000-8000-00000000000d', 2, 3, 3, 1, 114688235929600002, 114688235929600002, 0, '{"n":13}', NULL, NULL, 5906042426731081288);
INSERT INTO skald_golden.skald_events VALUES (6, '00000000-0000-8000-8000-000000000015', 3, 3, 1, 1, 114688235929600003, 114688235929600003, 0, '{"n":21}', NULL, NULL, -7628112075728158021);
INSERT INTO skald_golden.skald_events VALUES (7, '00000000-0000-8000-8000-000000000016', 3, 3, 2, 1, 114688235929600004, 114688235929600004, 0, '{"n":22}', NULL, NULL, 7966380828283671211);
INSERT INTO skald_golden.skald_events VALUES (8, '00000000-0000-8000-8000-000000000003', 1, 4, 3, 1, 114688235929600005, 114688235929600005, 4, '{"n":3}', NULL, NULL, 6605596190143467686);
INSERT INTO skald_golden.skald_events VALUES (9, '00000000-0000-8000-8000-00000000001f', 1, 2, 4, 1, 114032640000327680, 114688235929600006, 3, '{"n":31}', NULL, NULL, 5777551979931424324);
INSERT INTO skald_golden.skald_events VALUES (10, '00000000-0000-8000-8000-000000000020', 4, 5, 1, 1, 114032640000065536, 114688235929600007, 1, '{"n":32}', NULL, NULL, -7046216628461636278);
INSERT INTO skald_golden.skald_events VALUES (11, '00000000-0000-8000-8000-000000000029', 6, 3, 1, 1, 114688243793920000, 114688243793920000, 0, '{"n":41}', NULL, 'import 7', -8018665735137309737);
INSERT INTO skald_golden.skald_events VALUES (12, '00000000-0000-8000-8000-00000000002a', 6, 3, 2, 1, 114688243793920001, 114688243793920001, 0, '{"n":42}', NULL, 'import 7', -8446509447775804229);
INSERT INTO skald_golden.skald_events VALUES (13, '00000000-0000-8000-8000-000000000033', 2, 3, 4, 1, 114688243793920002, 114688243793920002, 0, '{"n":51}', NULL, 'import 7', 2247788452830079720);
INSERT INTO skald_golden.skald_events VALUES (14, '00000000-0000-8000-8000-00000000003d', 7, 3, 1, 1, 114688251658240001, 114688251658240001, 0, '{"n":61}', NULL, NULL, -5095902770728581134);

INSERT INTO skald_golden.skald_head VALUES (14, 114688251658240001, 7, 5);

INSERT INTO skald_golden.skald_projections OVERRIDING SYSTEM VALUE VALUES (1, 'mailer', 4, 2);
INSERT INTO skald_golden.skald_projections OVERRIDING SYSTEM VALUE VALUES (2, 'table', 9, 10);

INSERT INTO skald_golden.skald_relation_keys OVERRIDING SYSTEM VALUE VALUES (1, 'open fines', 3);
INSERT INTO skald_golden.skald_relation_keys OVERRIDING SYSTEM VALUE VALUES (2, 'users/ada', 2);

INSERT INTO skald_golden.skald_relations VALUES (1, 2);
INSERT INTO skald_golden.skald_relations VALUES (2, 1);
INSERT INTO skald_golden.skald_relations VALUES (2, 5);

INSERT INTO skald_golden.skald_schema VALUES (4);

INSERT INTO skald_golden.skald_sessions VALUES ('01a231a6-7256-7d34-8e64-60e514a32287', 1, '2026-12-01 12:48:41.558358+00');

INSERT INTO skald_golden.skald_snapshots VALUES (false, 'fine-2', 'totals', 'shape', 114688243793920002, '00000000-0000-8000-8000-000000000033', 4, 0, '11736629-7c8f-8621-befe-d10c354d0b13', '{"n":4}');
INSERT INTO skald_golden.skald_snapshots VALUES (true, 'open fines', 'totals', 'shape', 114688243793920002, '00000000-0000-8000-8000-000000000033', 4, 3, '249515ed-e732-80e8-b432-80e55220f222', '{"n":4}');

INSERT INTO skald_golden.skald_store VALUES ('01a231a6-7256-73d3-b918-f6a93ba6a76e', '01a231a6-7256-7c93-8d3f-f00a8302d7db');

INSERT INTO skald_golden.skald_streams VALUES (3, 'größe''; --', 2, 114688235929600004);
INSERT INTO skald_golden.skald_streams VALUES (1, 'fine-1', 4, 114688235929600005);
INSERT INTO skald_golden.skald_streams VALUES (4, 'archive', 1, 114032640000065536);
INSERT INTO skald_golden.skald_streams VALUES (5, 'not yet there', 0, 0);
INSERT INTO skald_golden.skald_streams VALUES (2, 'fine-2', 4, 114688243793920002);
INSERT INTO skald_golden.skald_streams VALUES (6, 'fine-3', 2, 114688243793920001);
INSERT INTO skald_golden.skald_streams VALUES (7, 'fine-4', 1, 114688251658240001);

INSERT INTO skald_golden.skald_types VALUES (1, 'fine:created');
INSERT INTO skald_golden.skald_types VALUES (2, 'fine:paid');
INSERT INTO skald_golden.skald_types VALUES (3, 'thing:happened');
INSERT INTO skald_golden.skald_types VALUES (4, 'fine:closed');
INSERT INTO skald_golden.skald_types VALUES (5, 'old:kept');

SELECT pg_catalog.setval('skald_golden.skald_projections_key_seq', 2, true);

SELECT pg_catalog.setval('skald_golden.skald_relation_keys_key_seq', 2, true);

ALTER TABLE ONLY skald_golden.skald_commands
    ADD CONSTRAINT skald_commands_pkey PRIMARY KEY (id);

ALTER TABLE ONLY skald_golden.skald_completions
    ADD CONSTRAINT skald_completions_pkey PRIMARY KEY (projection, "position", handler);

ALTER TABLE ONLY skald_golden.skald_events
    ADD CONSTRAINT skald_events_id_key UNIQUE (id);

ALTER TABLE ONLY skald_golden.skald_events
    ADD CONSTRAINT skald_events_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY skald_golden.skald_projections
    ADD CONSTRAINT skald_projections_name_key UNIQUE (name);

ALTER TABLE ONLY skald_golden.skald_projections
    ADD CONSTRAINT skald_projections_pkey PRIMARY KEY (key);

ALTER TABLE ONLY skald_golden.skald_relation_keys
    ADD CONSTRAINT skald_relation_keys_name_key UNIQUE (name);

ALTER TABLE ONLY skald_golden.skald_relation_keys
    ADD CONSTRAINT skald_relation_keys_pkey PRIMARY KEY (key);

ALTER TABLE ONLY skald_golden.skald_relations
    ADD CONSTRAINT skald_relations_pkey PRIMARY KEY (key, stream);

ALTER TABLE ONLY skald_golden.skald_sessions
    ADD CONSTRAINT skald_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY skald_golden.skald_snapshots
    ADD CONSTRAINT skald_snapshots_pkey PRIMARY KEY (of_relation, name, reducer);

ALTER TABLE ONLY skald_golden.skald_streams
    ADD CONSTRAINT skald_streams_name_key UNIQUE (name);

ALTER TABLE ONLY skald_golden.skald_streams
    ADD CONSTRAINT skald_streams_pkey PRIMARY KEY (key);

ALTER TABLE ONLY skald_golden.skald_types
    ADD CONSTRAINT skald_types_name_key UNIQUE (name);

ALTER TABLE ONLY skald_golden.skald_types
    ADD CONSTRAINT skald_types_pkey PRIMARY KEY (key);

CREATE INDEX skald_commands_by_age ON skald_golden.skald_commands USING btree (kept);

CREATE INDEX skald_events_by_stream ON skald_golden.skald_events USING btree (stream, created, id);

CREATE INDEX skald_relations_by_stream ON skald_golden.skald_relations USING btree (stream, key);
