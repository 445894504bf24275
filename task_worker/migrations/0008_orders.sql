-- Orders that had no index sorted all of a person's tasks.
CREATE INDEX tasks_of_owner_by_title ON tasks (owner_id, title COLLATE "und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_of_owner_by_status ON tasks (
  owner_id, array_position(ARRAY['pending', 'in_progress', 'completed'], status), id
) WHERE deleted_at IS NULL;
