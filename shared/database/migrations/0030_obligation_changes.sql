-- Every change of an obligation, in the order of its revisions: the audit, and the outbox of the obligation.* events.
-- `by` and `reason` are set where a person decided. What is not published yet is published by whoever finds it.
ALTER TABLE notifications.obligation
    ADD COLUMN revision integer NOT NULL DEFAULT 0,
    ADD COLUMN extended boolean NOT NULL DEFAULT false; -- its deadline is a person's decision: no calendar moves it

CREATE TABLE notifications.change (
    obligation bigint NOT NULL REFERENCES notifications.obligation,
    revision   integer NOT NULL,
    change     text COLLATE "C" NOT NULL
               CHECK (change IN ('opened', 'met', 'overdue', 'late_met', 'waived', 'expired', 'reopened')),
    state      text COLLATE "C" NOT NULL,
    cycle      integer NOT NULL,
    due_at     timestamptz NOT NULL,
    met_at     timestamptz,
    at         timestamptz NOT NULL,
    by         text,
    reason     text,
    published  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (obligation, revision)
);
CREATE INDEX change_unpublished ON notifications.change (obligation, revision) WHERE NOT published;

UPDATE notifications.obligation SET revision = 1;
INSERT INTO notifications.change (obligation, revision, change, state, cycle, due_at, met_at, at)
SELECT id, 1, CASE state WHEN 'open' THEN 'opened' ELSE state END, state, cycle, due_at, met_at, now()
FROM notifications.obligation;
