BEGIN TRANSACTION;
CREATE TABLE skald_streams (
  key      INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  newest   INTEGER NOT NULL
) STRICT;
INSERT INTO skald_streams VALUES(1,'fine-1',4,114688235929600005);
INSERT INTO skald_streams VALUES(2,'fine-2',4,114688243793920002);
INSERT INTO skald_streams VALUES(3,'größe''; --',2,114688235929600004);
INSERT INTO skald_streams VALUES(4,'archive',1,114032640000065536);
INSERT INTO skald_streams VALUES(5,'not yet there',0,0);
INSERT INTO skald_streams VALUES(6,'fine-3',2,114688243793920001);
INSERT INTO skald_streams VALUES(7,'fine-4',1,114688251658240001);
CREATE TABLE skald_types (
  key  INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO skald_types VALUES(1,'fine:created');
INSERT INTO skald_types VALUES(2,'fine:paid');
INSERT INTO skald_types VALUES(3,'thing:happened');
INSERT INTO skald_types VALUES(4,'fine:closed');
INSERT INTO skald_types VALUES(5,'old:kept');
CREATE TABLE skald_events (
  position       INTEGER PRIMARY KEY,
  id             BLOB NOT NULL UNIQUE,
  stream         INTEGER NOT NULL,
  type           INTEGER NOT NULL,
  revision       INTEGER NOT NULL,
  schema_version INTEGER NOT NULL,
  created        INTEGER NOT NULL,
  recorded       INTEGER NOT NULL,
  flags          INTEGER NOT NULL,
  data           TEXT NOT NULL,
  meta           TEXT
, batch TEXT, checksum INTEGER) STRICT;
INSERT INTO skald_events VALUES(1,X'00000000000080008000000000000001',1,1,1,1,114688000000000000,114688000000000000,0,'{"n":1}',NULL,NULL,-1230649033163055819);
INSERT INTO skald_events VALUES(2,X'00000000000080008000000000000002',1,2,2,3,114688000000000001,114688000000000001,0,'{ "cents": 9007199254740993, "by": "Zoë 😀\u0000" }','{"who":"clerk"}',NULL,-7984820903386822576);
INSERT INTO skald_events VALUES(3,X'0000000000008000800000000000000b',2,3,1,1,114688235929600000,114688235929600000,0,'{"n":11}',NULL,NULL,-1013476398401288588);
INSERT INTO skald_events VALUES(4,X'0000000000008000800000000000000c',2,3,2,1,114688235929600001,114688235929600001,0,'{"n":12}',NULL,NULL,-3567764419552133186);
INSERT INTO skald_events VALUES(5,X'0000000000008000800000000000000d',2,3,3,1,114688235929600002,114688235929600002,0,'{"n":13}',NULL,NULL,5906042426731081288);
INSERT INTO skald_events VALUES(6,X'00000000000080008000000000000015',3,3,1,1,114688235929600003,114688235929600003,0,'{"n":21}',NULL,NULL,-7628112075728158021);
INSERT INTO skald_events VALUES(7,X'00000000000080008000000000000016',3,3,2,1,114688235929600004,114688235929600004,0,'{"n":22}',NULL,NULL,7966380828283671211);
INSERT INTO skald_events VALUES(8,X'00000000000080008000000000000003',1,4,3,1,114688235929600005,114688235929600005,4,'{"n":3}',NULL,NULL,6605596190143467686);
INSERT INTO skald_events VALUES(9,X'0000000000008000800000000000001f',1,2,4,1,114032640000327680,114688235929600006,3,'{"n":31}',NULL,NULL,5777551979931424324);
INSERT INTO skald_events VALUES(10,X'00000000000080008000000000000020',4,5,1,1,114032640000065536,114688235929600007,1,'{"n":32}',NULL,NULL,-7046216628461636278);
INSERT INTO skald_events VALUES(11,X'00000000000080008000000000000029',6,3,1,1,114688243793920000,114688243793920000,0,'{"n":41}',NULL,'import 7',-8018665735137309737);
INSERT INTO skald_events VALUES(12,X'0000000000008000800000000000002a',6,3,2,1,114688243793920001,114688243793920001,0,'{"n":42}',NULL,'import 7',-8446509447775804229);
INSERT INTO skald_events VALUES(13,X'00000000000080008000000000000033',2,3,4,1,114688243793920002,114688243793920002,0,'{"n":51}',NULL,'import 7',2247788452830079720);
INSERT INTO skald_events VALUES(14,X'0000000000008000800000000000003d',7,3,1,1,114688251658240001,114688251658240001,0,'{"n":61}',NULL,NULL,-5095902770728581134);
CREATE TABLE skald_projections (
  key        INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  handled    INTEGER NOT NULL,
  fresh_from INTEGER NOT NULL
) STRICT;
INSERT INTO skald_projections VALUES(1,'mailer',4,2);
INSERT INTO skald_projections VALUES(2,'table',9,10);
CREATE TABLE skald_completions (
  projection INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  handler    TEXT NOT NULL,
  PRIMARY KEY (projection, position, handler)
) STRICT, WITHOUT ROWID;
INSERT INTO skald_completions VALUES(1,6,'once:fine:paid');
CREATE TABLE skald_relation_keys (
  key      INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO skald_relation_keys VALUES(1,'open fines',3);
INSERT INTO skald_relation_keys VALUES(2,'users/ada',2);
CREATE TABLE skald_relations (
  key    INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  PRIMARY KEY (key, stream)
) STRICT, WITHOUT ROWID;
INSERT INTO skald_relations VALUES(2,1);
INSERT INTO skald_relations VALUES(1,2);
INSERT INTO skald_relations VALUES(2,5);
CREATE TABLE skald_commands (
  key       INTEGER PRIMARY KEY,
  id        TEXT NOT NULL UNIQUE,
  kept      INTEGER NOT NULL,
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  revisions TEXT NOT NULL,
  answer    TEXT
, checksum INTEGER) STRICT;
INSERT INTO skald_commands VALUES(1,'pay 7',114688251658240002,14,14,'[1]','{ "due": 1.10 }',-5241390471093777989);
INSERT INTO skald_commands VALUES(2,'nothing to do',114688251658240004,0,0,'[]',NULL,-4916830685769488652);
INSERT INTO skald_commands VALUES(3,'close 8',114689179648000000,0,0,'[]','"closed"',-619341815802891499);
CREATE TABLE skald_snapshots (
  stream            INTEGER NOT NULL,
  relation          INTEGER NOT NULL,
  reducer           TEXT NOT NULL,
  fingerprint       TEXT NOT NULL,
  created           INTEGER NOT NULL,
  id                BLOB NOT NULL,
  records           INTEGER NOT NULL,
  relation_revision INTEGER NOT NULL,
  checksum          TEXT NOT NULL,
  state             TEXT NOT NULL,
  UNIQUE (stream, relation, reducer)
) STRICT;
INSERT INTO skald_snapshots VALUES(2,0,'totals','shape',114688243793920002,X'00000000000080008000000000000033',4,0,'11736629-7c8f-8621-befe-d10c354d0b13','{"n":4}');
INSERT INTO skald_snapshots VALUES(0,1,'totals','shape',114688243793920002,X'00000000000080008000000000000033',4,3,'249515ed-e732-80e8-b432-80e55220f222','{"n":4}');
CREATE TABLE skald_store (
  id    BLOB,
  epoch BLOB
) STRICT;
INSERT INTO skald_store VALUES(X'01a231a66e0976a9998015b3fb56ead4',X'01a231a66e097de59d0f3a6208184b65');
CREATE INDEX skald_events_by_stream ON skald_events (stream, created, id);
CREATE INDEX skald_relations_by_stream ON skald_relations (stream, key);
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
COMMIT;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1936419940;
PRAGMA user_version = 5;
