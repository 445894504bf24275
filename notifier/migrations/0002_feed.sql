-- Every event has one position. Its row here is its place in the feed and its row in the activity log.
-- The counter's row stays locked until commit, so that positions are committed in their order and without gaps.
CREATE TABLE feed_state (
  only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  last_position   bigint  NOT NULL,
  expired_through bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

ALTER TABLE activity
  ADD COLUMN position     bigint,
  ADD COLUMN type         text NOT NULL DEFAULT '',
  ADD COLUMN source       text NOT NULL DEFAULT '',
  ADD COLUMN subject      text NOT NULL DEFAULT '',
  ADD COLUMN sequence     bigint NOT NULL DEFAULT 0,
  ADD COLUMN dataschema   text,
  ADD COLUMN partitionkey text,
  ADD COLUMN traceparent  text,
  ADD COLUMN data         json NOT NULL DEFAULT '{}';

UPDATE activity
   SET position = numbered.position
  FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS position FROM activity) AS numbered
 WHERE numbered.id = activity.id;
INSERT INTO feed_state (last_position, expired_through)
SELECT count(*), count(*) FROM activity;

ALTER TABLE activity
  ALTER COLUMN position SET NOT NULL,
  ALTER COLUMN type DROP DEFAULT,
  ALTER COLUMN source DROP DEFAULT,
  ALTER COLUMN subject DROP DEFAULT,
  ALTER COLUMN sequence DROP DEFAULT,
  ALTER COLUMN data DROP DEFAULT,
  ADD CONSTRAINT activity_position UNIQUE (position);

-- Who may read which event of the feed: a row goes when its reader loses the task, or the event is older than the feed.
CREATE TABLE feed_readers (
  user_id  uuid   NOT NULL,
  position bigint NOT NULL,
  task_id  uuid,
  PRIMARY KEY (user_id, position)
);
CREATE INDEX feed_readers_position ON feed_readers (position);
CREATE INDEX feed_readers_task ON feed_readers (task_id, user_id) WHERE task_id IS NOT NULL;

-- Who may see a task now, as far as its events tell.
CREATE TABLE task_audiences (
  task_id    uuid        PRIMARY KEY,
  version    bigint      NOT NULL,
  deleted_at timestamptz
);
CREATE TABLE task_readers (
  user_id uuid NOT NULL,
  task_id uuid NOT NULL,
  PRIMARY KEY (user_id, task_id)
);
CREATE INDEX task_readers_task ON task_readers (task_id);

-- Tickets for streams that were used: each opens one.
CREATE TABLE redeemed_tickets (
  ticket_id   uuid        PRIMARY KEY,
  redeemed_at timestamptz NOT NULL DEFAULT now()
);

REVOKE UPDATE, DELETE ON activity FROM notifier;
GRANT SELECT, UPDATE ON feed_state TO notifier;
GRANT SELECT, INSERT, DELETE ON feed_readers, task_readers, redeemed_tickets TO notifier;
GRANT SELECT, INSERT, UPDATE, DELETE ON task_audiences TO notifier;
