-- Accounts that were closed, until everything of theirs is gone.
CREATE TABLE closed_accounts (
  person_id uuid        PRIMARY KEY,
  closed_at timestamptz NOT NULL
);
CREATE INDEX comments_of_author ON comments (author_id);
CREATE INDEX files_of_uploader ON files (uploader_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON closed_accounts TO task_worker;
