-- Who decided what about a dead letter, and why: of each decision, not of the last alone.
CREATE TABLE dead_letter_journal (
  id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dead_letter_id bigint      NOT NULL REFERENCES dead_letter,
  action         text        NOT NULL CHECK (action IN ('revealed', 'replayed', 'discarded')),
  decided_by     text        NOT NULL,
  why            text        NOT NULL CHECK (why <> ''),
  decided_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letter_journal_of_letter ON dead_letter_journal (dead_letter_id);

ALTER TABLE dead_letter
  DROP COLUMN decided_by,
  DROP COLUMN decided_at,
  DROP COLUMN why,
  -- Whether somebody waited for an answer, has been told that there is none, and may have asked again.
  ADD COLUMN awaited boolean NOT NULL DEFAULT false;

GRANT UPDATE (state) ON dead_letter TO operator;
GRANT INSERT ON dead_letter_journal TO operator;
