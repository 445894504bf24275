-- Who may see a task beside its owner. task_created_at never changes: it is here so that what is shared with a person
-- has the same order as what he owns, from an index.
CREATE TABLE shares (
  task_id         uuid        NOT NULL REFERENCES tasks ON DELETE CASCADE,
  user_id         uuid        NOT NULL,
  username        text        NOT NULL,
  permission      text        NOT NULL CHECK (permission IN ('view', 'edit')),
  shared_at       timestamptz NOT NULL,
  task_created_at timestamptz NOT NULL,
  PRIMARY KEY (task_id, user_id)
);
CREATE INDEX shares_of_user ON shares (user_id, task_created_at DESC, task_id DESC);

-- What is known of a person's clock: when his day ends, and how long before that he wants to be told.
CREATE TABLE calendars (
  person_id     uuid     PRIMARY KEY,
  timezone      text     NOT NULL DEFAULT 'UTC',
  due_soon_lead interval NOT NULL DEFAULT '1440 minutes',
  version       bigint   NOT NULL DEFAULT 0
);

-- The end of the due date where the owner lives; null when nothing can become overdue.
ALTER TABLE tasks ADD COLUMN overdue_at timestamptz;

GRANT SELECT, INSERT, UPDATE, DELETE ON shares, calendars TO task_worker;
