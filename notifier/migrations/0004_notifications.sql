-- Who is called what, as far as events tell: a comment names people by @name.
CREATE TABLE people (
  user_id  uuid PRIMARY KEY,
  username text NOT NULL
);
CREATE INDEX people_username ON people (lower(username));

CREATE TABLE preferences (
  user_id    uuid        PRIMARY KEY,
  version    bigint      NOT NULL,
  document   jsonb       NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- The inbox of a user. One row for each event, however many reasons there are to tell him.
CREATE TABLE notifications (
  id             uuid        PRIMARY KEY,
  event_id       uuid        NOT NULL,
  user_id        uuid        NOT NULL,
  kind           text        NOT NULL,
  task_id        uuid,
  actor_id       uuid,
  actor_username text,
  summary        text        NOT NULL,
  created_at     timestamptz NOT NULL,
  read_at        timestamptz,
  UNIQUE (event_id, user_id)
);
CREATE INDEX notifications_of_user ON notifications (user_id, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;

-- A mail to a user has no address until it is sent: auth_worker is asked then, and is the only one to keep it.
ALTER TABLE mails
  ALTER COLUMN recipient DROP NOT NULL,
  ADD COLUMN event_id uuid,
  ADD COLUMN user_id  uuid,
  ADD COLUMN kind     text,
  ADD CONSTRAINT mails_to_somebody CHECK (recipient IS NOT NULL OR user_id IS NOT NULL),
  ADD CONSTRAINT mails_once UNIQUE (event_id, user_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON people, preferences, notifications TO notifier;
