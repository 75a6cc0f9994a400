-- What was answered to commands.
CREATE TABLE skald_commands (
  id        text COLLATE "C" PRIMARY KEY,
  kept      bigint NOT NULL,
  first     bigint NOT NULL,
  last      bigint NOT NULL,
  revisions text NOT NULL,
  answer    text
);
CREATE INDEX skald_commands_by_age ON skald_commands (kept);
