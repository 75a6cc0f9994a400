CREATE TABLE skald_streams (
  key      INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  newest   INTEGER NOT NULL
) STRICT;
CREATE TABLE skald_types (
  key  INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
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
) STRICT;
CREATE INDEX skald_events_by_stream ON skald_events (stream, created, id);
CREATE TABLE skald_projections (
  key        INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  handled    INTEGER NOT NULL,
  fresh_from INTEGER NOT NULL
) STRICT;
CREATE TABLE skald_completions (
  projection INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  handler    TEXT NOT NULL,
  PRIMARY KEY (projection, position, handler)
) STRICT, WITHOUT ROWID;
