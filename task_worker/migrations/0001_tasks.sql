CREATE TABLE tasks (
  id             uuid        PRIMARY KEY,
  owner_id       uuid        NOT NULL,
  owner_username text        NOT NULL,
  title          text        NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
  description    text        CHECK (char_length(description) <= 2000),
  status         text        NOT NULL CHECK (status IN ('pending', 'in_progress', 'completed')),
  completed_at   timestamptz,
  priority       text        NOT NULL CHECK (priority IN ('low', 'medium', 'high')),
  due_date       date,
  tags           text[]      NOT NULL CHECK (cardinality(tags) <= 20),
  share_count    integer     NOT NULL DEFAULT 0,
  comment_count  integer     NOT NULL DEFAULT 0,
  file_count     integer     NOT NULL DEFAULT 0,
  version        bigint      NOT NULL,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  deleted_at     timestamptz,
  CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);

-- The default order of a person's list.
CREATE INDEX tasks_of_owner ON tasks (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON tasks TO task_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox, outbox TO task_worker;
GRANT SELECT, INSERT, DELETE ON event_inbox TO task_worker;
GRANT SELECT, INSERT ON event_log TO task_worker;
