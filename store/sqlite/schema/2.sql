CREATE TABLE skald_relation_keys (
  key      INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL
) STRICT;
CREATE TABLE skald_relations (
  key    INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  PRIMARY KEY (key, stream)
) STRICT, WITHOUT ROWID;
CREATE INDEX skald_relations_by_stream ON skald_relations (stream, key);
