-- When the clock has something to tell about a task next, and for which due dates it has told it already.
ALTER TABLE tasks
  ADD COLUMN alarm_at         timestamptz,
  ADD COLUMN soon_told_for    date,
  ADD COLUMN overdue_told_for date;

CREATE INDEX tasks_alarm ON tasks (alarm_at) WHERE alarm_at IS NOT NULL;

-- A trigger, so that whatever writes a due date sets the alarm. What is overdue when it is written needs no clock to
-- tell: who writes it sees it.
CREATE FUNCTION set_alarm() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  zone text;
  lead interval;
BEGIN
  NEW.overdue_at := NULL;
  NEW.alarm_at := NULL;
  IF NEW.due_date IS NOT NULL AND NEW.status <> 'completed' AND NEW.deleted_at IS NULL THEN
    SELECT timezone, due_soon_lead INTO zone, lead FROM calendars WHERE person_id = NEW.owner_id;
    NEW.overdue_at := (NEW.due_date + 1)::timestamp AT TIME ZONE coalesce(zone, 'UTC');
    IF NEW.overdue_at > now() THEN
      IF NEW.soon_told_for IS DISTINCT FROM NEW.due_date THEN
        NEW.alarm_at := NEW.overdue_at - coalesce(lead, '1 day');
      ELSIF NEW.overdue_told_for IS DISTINCT FROM NEW.due_date THEN
        NEW.alarm_at := NEW.overdue_at;
      END IF;
    END IF;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER alarm_of_new BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION set_alarm();

-- An overdue_at that was cleared is worked out again: so a calendar's change reaches the tasks.
CREATE TRIGGER alarm_of_changed BEFORE UPDATE ON tasks FOR EACH ROW
  WHEN ((OLD.due_date, OLD.status, OLD.deleted_at) IS DISTINCT FROM (NEW.due_date, NEW.status, NEW.deleted_at)
        OR (OLD.overdue_at IS NOT NULL AND NEW.overdue_at IS NULL))
  EXECUTE FUNCTION set_alarm();
