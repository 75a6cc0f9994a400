ALTER TABLE skald_commands ADD COLUMN checksum bigint;
-- One row. What is NULL gets a new value when the store is opened: so a copy may get an epoch of its own.
CREATE TABLE skald_store (
  id    uuid,
  epoch uuid
);
INSERT INTO skald_store VALUES (NULL, NULL);
