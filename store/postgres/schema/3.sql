-- How many transactions that may append each session has committed: so another one learns whether the last of them was.
CREATE TABLE skald_sessions (
  id      uuid PRIMARY KEY,
  commits bigint NOT NULL,
  newest  timestamptz NOT NULL
) WITH (fillfactor = 50);
