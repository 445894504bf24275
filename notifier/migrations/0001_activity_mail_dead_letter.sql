CREATE TABLE activity (
  id             uuid        PRIMARY KEY,
  event_id       uuid        NOT NULL UNIQUE,
  actor_id       uuid,
  actor_username text,
  action         text        NOT NULL,
  resource_type  text        NOT NULL,
  resource_id    uuid        NOT NULL,
  task_id        uuid,
  changes        json        NOT NULL,
  summary        text        NOT NULL,
  created_at     timestamptz NOT NULL
);
CREATE INDEX activity_of_actor ON activity (actor_id, created_at DESC, id DESC);
CREATE INDEX activity_of_task ON activity (task_id, created_at DESC, id DESC) WHERE task_id IS NOT NULL;

-- Mails to send. `content` holds what the template needs; secrets in it stay sealed until the mail is written.
CREATE TABLE mails (
  id           uuid        PRIMARY KEY,
  template     text        NOT NULL,
  recipient    text        NOT NULL,
  content      json        NOT NULL,
  state        text        NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'failed')),
  attempts     integer     NOT NULL DEFAULT 0,
  next_at      timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz NOT NULL DEFAULT '-infinity',
  last_error   text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  sent_at      timestamptz
);
CREATE INDEX mails_due ON mails (next_at) WHERE state = 'due';

-- Messages that a consumer could not handle, for an operator to replay or discard.
CREATE TABLE dead_letter (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_queue text        NOT NULL,
  reason       text        NOT NULL,
  message_id   text        NOT NULL,
  type         text        NOT NULL,
  headers      jsonb       NOT NULL,
  body         bytea       NOT NULL,
  error_class  text,
  error        text,
  attempts     integer     NOT NULL,
  state        text        NOT NULL DEFAULT 'parked' CHECK (state IN ('parked', 'replayed', 'discarded')),
  decided_by   text,
  decided_at   timestamptz,
  why          text,
  parked_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letter_parked ON dead_letter (parked_at) WHERE state = 'parked';

GRANT SELECT, INSERT ON activity TO notifier;
GRANT SELECT, INSERT, UPDATE ON mails TO notifier;
GRANT SELECT, INSERT ON dead_letter TO notifier;
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox, outbox TO notifier;
GRANT SELECT, INSERT, DELETE ON event_inbox TO notifier;
GRANT SELECT, INSERT ON event_log TO notifier;
