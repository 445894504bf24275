-- Some of what a query matches, by the index of words whatever the planner expects: it takes owner and word for
-- independent, and can be wrong by the number of people. No more than `at_most` rows are read.
CREATE FUNCTION some_matching(query tsquery, at_most integer)
RETURNS SETOF uuid LANGUAGE sql STABLE SET enable_seqscan = off AS $$
  SELECT id FROM tasks WHERE facets @@ query LIMIT at_most
$$;

CREATE INDEX tasks_of_owner_by_title ON tasks (owner_id, title COLLATE "und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_of_owner_by_status ON tasks (
  owner_id, array_position(ARRAY['pending', 'in_progress', 'completed'], status), id
) WHERE deleted_at IS NULL;
