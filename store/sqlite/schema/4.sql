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
