-- The activity log, sealed segment by segment: each seal is a hash over its rows and the seal before it.
CREATE TABLE activity_seals (
  first_position bigint      PRIMARY KEY,
  last_position  bigint      NOT NULL UNIQUE CHECK (last_position >= first_position),
  previous       bytea       NOT NULL,
  seal           bytea       NOT NULL,
  sealed_at      timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT ON activity_seals TO notifier;
REVOKE UPDATE, DELETE ON activity_seals FROM notifier;
