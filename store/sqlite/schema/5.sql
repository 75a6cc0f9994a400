ALTER TABLE skald_commands ADD COLUMN checksum INTEGER;
-- One row. What is NULL gets a new value when the file is opened for writing: so a copy may get an epoch of its own.
CREATE TABLE skald_store (
  id    BLOB,
  epoch BLOB
) STRICT;
INSERT INTO skald_store VALUES (NULL, NULL);
