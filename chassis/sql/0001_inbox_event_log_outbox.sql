-- What the service did already, and what it answered. Kept until expires_at, so that asking again changes nothing.
CREATE TABLE inbox (
  scope       uuid        NOT NULL,
  dedup_key   text        NOT NULL,
  request_sha text        NOT NULL,
  command_id  uuid        NOT NULL UNIQUE,
  type        text        NOT NULL,
  status      smallint,
  reply       json,
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL DEFAULT now() + interval '72 hours',
  PRIMARY KEY (scope, dedup_key)
);
CREATE INDEX inbox_expiry ON inbox (expires_at);

-- Which events a consumer of this service has taken in.
CREATE TABLE event_inbox (
  consumer text        NOT NULL,
  event_id uuid        NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX event_inbox_age ON event_inbox (taken_at);

-- Everything that happened, for ever. One event per version of an aggregate is a constraint, not a hope.
-- json and not jsonb: the data is published byte for byte as it was written.
CREATE TABLE event_log (
  event_id          uuid        PRIMARY KEY,
  type              text        NOT NULL,
  aggregate_type    text        NOT NULL,
  aggregate_id      uuid        NOT NULL,
  aggregate_version bigint      NOT NULL,
  command_id        uuid        NOT NULL,
  actor_id          uuid,
  data              json        NOT NULL CHECK (octet_length(data::text) <= 262144),
  traceparent       text,
  occurred_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (aggregate_id, aggregate_version)
);

-- What is committed and not yet published: events by their id alone, commands to other services whole.
CREATE TABLE outbox (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id  uuid        NOT NULL UNIQUE,
  lane        smallint    NOT NULL,
  exchange    text        NOT NULL,
  routing_key text        NOT NULL,
  aggregate_id uuid       NOT NULL,
  command     json,
  traceparent text,
  attempts    integer     NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_lane ON outbox (lane, id);
