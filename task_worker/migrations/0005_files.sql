-- What is known of a file; its bytes are in the object storage under a name made of its id.
CREATE TABLE files (
  id                uuid        PRIMARY KEY,
  task_id           uuid        NOT NULL REFERENCES tasks ON DELETE CASCADE,
  filename          text        NOT NULL CHECK (char_length(filename) BETWEEN 1 AND 255),
  content_type      text        NOT NULL,
  size              bigint      NOT NULL CHECK (size > 0),
  sha256            text        NOT NULL,
  uploader_id       uuid        NOT NULL,
  uploader_username text        NOT NULL,
  created_at        timestamptz NOT NULL
);
CREATE INDEX files_of_task ON files (task_id, created_at, id);

-- An upload that has begun. What is still here after an hour has left an orphan in the object storage.
CREATE TABLE uploads (
  file_id     uuid        PRIMARY KEY,
  task_id     uuid        NOT NULL,
  uploader_id uuid        NOT NULL,
  began_at    timestamptz NOT NULL
);
CREATE INDEX uploads_age ON uploads (began_at);

-- How much a person's tasks hold, deleted ones included until their bytes are gone.
CREATE TABLE file_usage (
  owner_id uuid   PRIMARY KEY,
  bytes    bigint NOT NULL CHECK (bytes >= 0)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON files, uploads, file_usage TO task_worker;
