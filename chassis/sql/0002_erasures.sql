-- Who closed his account, and since when no name of his stands in what is kept for ever.
CREATE TABLE erasures (
  person_id uuid        PRIMARY KEY,
  asked_at  timestamptz NOT NULL DEFAULT now(),
  done_at   timestamptz
);
CREATE INDEX erasures_open ON erasures (asked_at) WHERE done_at IS NULL;

-- As text, so that all else stays byte for byte. Inside a JSON string a quotation mark has a backslash before it: what
-- somebody wrote is never taken for a person.
CREATE FUNCTION without_username(document text, person uuid) RETURNS text LANGUAGE sql IMMUTABLE
RETURN regexp_replace(document, '"id":"' || person || '","username":"[^"]*"',
                      '"id":"' || person || '","username":"deleted"', 'g');

CREATE FUNCTION without_display_name(document text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN regexp_replace(document,
                      '"display_name":\{"old":(null|"([^"\\]|\\.)*"),"new":(null|"([^"\\]|\\.)*")\}',
                      '"display_name":{"old":null,"new":null}', 'g');

-- A worker may not update its event_log: it may have this done, for whoever stands in erasures. Looks at so many events
-- behind `after`, and returns the last of them.
CREATE FUNCTION erase_events(person uuid, after uuid, at_most integer) RETURNS uuid LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH looked AS (
       SELECT event_id,
              data::text AS document,
              CASE WHEN aggregate_id = person THEN without_display_name(data::text) ELSE data::text END AS undisplayed
         FROM event_log
        WHERE event_id > after
        ORDER BY event_id
        LIMIT at_most
  ), erased AS (
       UPDATE event_log e
          SET data = without_username(l.undisplayed, person)::json
         FROM looked l
        WHERE e.event_id = l.event_id
          AND strpos(l.document, person::text) > 0
          AND without_username(l.undisplayed, person) <> l.document
          AND EXISTS (SELECT FROM erasures WHERE person_id = person)
  )
  SELECT event_id FROM looked ORDER BY event_id DESC LIMIT 1;
END;

REVOKE EXECUTE ON FUNCTION erase_events FROM PUBLIC;
