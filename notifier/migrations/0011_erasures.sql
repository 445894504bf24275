-- A row keeps the digest of the names that were erased from it, so that its seal can still be verified; the salt goes
-- with them, so that nobody can find them by trying.
ALTER TABLE activity
  ADD COLUMN salt          uuid DEFAULT gen_random_uuid(),
  ADD COLUMN erased_digest bytea,
  ADD CONSTRAINT activity_whole_or_erased CHECK ((salt IS NULL) = (erased_digest IS NOT NULL));

-- They were made of the bare rows. The sealer makes them anew.
TRUNCATE activity_seals;

-- The notifier may not update the activity log: it may have this done, for whoever stands in erasures, from one position
-- to another. notifier/names.py says the same for the audit.
CREATE FUNCTION erase_activity(person uuid, first bigint, last bigint) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH named AS (
       SELECT position,
              resource_type = 'user' AND resource_id = person AS is_his,
              resource_type = 'share' AND resource_id = person AS is_shared_with_him
         FROM activity
        WHERE position BETWEEN first AND last
          AND strpos(data::text, person::text) > 0
          AND EXISTS (SELECT FROM erasures WHERE person_id = person)
  ), erased AS (
       UPDATE activity a
          SET erased_digest = coalesce(erased_digest, sha256(
                sha256(uuid_send(salt))
                || sha256(convert_to(coalesce(actor_username, ''), 'UTF8'))
                || sha256(convert_to(changes::text, 'UTF8'))
                || sha256(convert_to(summary, 'UTF8'))
                || sha256(convert_to(data::text, 'UTF8'))
              )),
              salt = NULL,
              actor_username = CASE WHEN actor_id = person THEN 'deleted' ELSE actor_username END,
              changes = CASE WHEN is_his THEN without_display_name(changes::text)::json ELSE changes END,
              summary = CASE
                WHEN is_his THEN
                  regexp_replace(summary, '^(Created the account|A log-in to|A session of) \S+', '\1 deleted')
                WHEN is_shared_with_him THEN
                  regexp_replace(regexp_replace(summary, '^Let \S+', 'Let deleted'), ' with [\w.-]+$', ' with deleted')
                ELSE summary
              END,
              data = without_username(
                CASE WHEN is_his THEN without_display_name(data::text) ELSE data::text END, person
              )::json
         FROM named n
        WHERE a.position = n.position
          AND without_username(
                CASE WHEN is_his THEN without_display_name(data::text) ELSE data::text END, person
              ) <> data::text
       RETURNING a.event_id, a.actor_username, a.summary
  )
  UPDATE notifications n
     SET actor_username = e.actor_username,
         summary = e.summary
    FROM erased e
   WHERE n.event_id = e.event_id;
END;

REVOKE EXECUTE ON FUNCTION erase_activity FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON erasures TO notifier;
GRANT EXECUTE ON FUNCTION erase_events, erase_activity TO notifier;

CREATE INDEX mails_failed ON mails (created_at) WHERE state = 'failed' AND recipient IS DISTINCT FROM '';
