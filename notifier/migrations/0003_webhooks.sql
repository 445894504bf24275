-- Secrets are sealed to this service's key. `event_patterns` are event_types as LIKE has them.
CREATE TABLE webhooks (
  id                      uuid        PRIMARY KEY,
  owner_id                uuid        NOT NULL,
  owner_username          text        NOT NULL,
  url                     text        NOT NULL,
  description             text        NOT NULL,
  event_types             text[]      NOT NULL,
  event_patterns          text[]      NOT NULL,
  enabled                 boolean     NOT NULL DEFAULT true,
  disabled_reason         text        CHECK (disabled_reason IN ('gone', 'failing', 'owner')),
  secret_id               uuid        NOT NULL,
  sealed_secret           text        NOT NULL,
  previous_sealed_secret  text,
  previous_secret_until   timestamptz,
  failing_since           timestamptz,
  version                 bigint      NOT NULL,
  created_at              timestamptz NOT NULL,
  updated_at              timestamptz NOT NULL
);
CREATE INDEX webhooks_of_owner ON webhooks (owner_id, id DESC);

-- One row for each webhook and event, however often it is sent.
CREATE TABLE webhook_deliveries (
  id           uuid        PRIMARY KEY,
  webhook_id   uuid        NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  event_id     uuid        NOT NULL,
  type         text        NOT NULL,
  body         text        NOT NULL,
  state        text        NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'succeeded', 'exhausted')),
  attempts     integer     NOT NULL DEFAULT 0,
  next_at      timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz NOT NULL DEFAULT '-infinity',
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE state = 'due';
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, id DESC);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
  delivery_id  uuid        NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
  id           bigint      GENERATED ALWAYS AS IDENTITY,
  number       integer     NOT NULL,
  at           timestamptz NOT NULL,
  outcome      text        NOT NULL,
  status       integer,
  milliseconds integer     NOT NULL,
  response     text,
  PRIMARY KEY (delivery_id, id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhooks, webhook_deliveries TO notifier;
GRANT SELECT, INSERT, DELETE ON webhook_attempts TO notifier;
