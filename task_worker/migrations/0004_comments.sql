CREATE TABLE comments (
  id              uuid        PRIMARY KEY,
  task_id         uuid        NOT NULL REFERENCES tasks ON DELETE CASCADE,
  author_id       uuid        NOT NULL,
  author_username text        NOT NULL,
  content         text        NOT NULL CHECK (char_length(content) BETWEEN 1 AND 1000),
  version         bigint      NOT NULL,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL
);
CREATE INDEX comments_of_task ON comments (task_id, created_at, id);

GRANT SELECT, INSERT, UPDATE, DELETE ON comments TO task_worker;
