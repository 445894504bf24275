-- Everything that a list can be narrowed by, as lexemes of one vector: the words, and facets that no word can be.
-- Both configurations, so that "plants" is found by "plant", and "the who" is found at all.
CREATE FUNCTION searchable(owner_id uuid, title text, description text, status text, priority text, tags text[])
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_to_tsvector(
           ARRAY['owner=' || owner_id, 'status=' || status, 'priority=' || priority]
           || ARRAY(SELECT 'tag=' || tag FROM unnest(tags) AS tag)
         )
         || to_tsvector('pg_catalog.simple', title || ' ' || coalesce(description, ''))
         || to_tsvector('pg_catalog.english', title || ' ' || coalesce(description, ''))
$$;

ALTER TABLE tasks ADD COLUMN facets tsvector NOT NULL
  GENERATED ALWAYS AS (searchable(owner_id, title, description, status, priority, tags)) STORED;

-- A long pending list would be read by every search.
CREATE INDEX tasks_facets ON tasks USING gin (facets) WITH (gin_pending_list_limit = 512);

CREATE INDEX tasks_of_owner_by_update ON tasks (owner_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_of_owner_by_due_date ON tasks (owner_id, coalesce(due_date, 'infinity'), id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_of_owner_by_priority ON tasks (
  owner_id, array_position(ARRAY['low', 'medium', 'high'], priority) DESC, coalesce(due_date, 'infinity'), id
) WHERE deleted_at IS NULL;
CREATE INDEX tasks_of_owner_overdue ON tasks (owner_id, overdue_at) WHERE deleted_at IS NULL AND overdue_at IS NOT NULL;
CREATE INDEX tasks_deleted ON tasks (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NOT NULL;
CREATE INDEX tasks_purge ON tasks (deleted_at) WHERE deleted_at IS NOT NULL;

-- What a person has how many of, kept with every change. A count is the sum over the slots of a key: a task changes the
-- slot that its id falls into, so that a person's tasks can be changed side by side.
CREATE TABLE counts (
  person_id uuid     NOT NULL,
  kind      text     NOT NULL,
  key       text     NOT NULL,
  slot      smallint NOT NULL,
  n         bigint   NOT NULL,
  PRIMARY KEY (person_id, kind, key, slot)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

GRANT SELECT, INSERT, UPDATE, DELETE ON counts TO task_worker;
-- A task that was deleted for 30 days goes for good.
GRANT DELETE ON tasks TO task_worker;
