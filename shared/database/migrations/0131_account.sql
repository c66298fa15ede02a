-- What each consuming service has applied of what reached the broker, noted in the transaction that applied it, and how
-- far its auditor is that holds it against the journal (docs/reliability.md).
CREATE TABLE aggregation.applied_message (
    message  uuid PRIMARY KEY,
    outcome  text COLLATE "C" NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON aggregation.applied_message USING brin (noted_at) WITH (autosummarize = on);
-- The last marker of an auditor that each queue has passed: what was in the journal before it was sent has had its turn.
CREATE TABLE aggregation.passed_marker (
    queue   text COLLATE "C" PRIMARY KEY,
    auditor uuid NOT NULL,
    sent_at timestamptz NOT NULL
);
-- One row: who audits and until when, up to which entry of the journal all is accounted for, when its end was last seen,
-- and of when its oldest entry was then.
CREATE TABLE aggregation.audit (
    one            boolean PRIMARY KEY DEFAULT true CHECK (one),
    auditor        uuid,
    held_until     timestamptz,
    journal_offset bigint,
    message        uuid,
    looked_at      timestamptz,
    oldest_at      timestamptz
);
INSERT INTO aggregation.audit DEFAULT VALUES;

CREATE TABLE notifications.applied_message (LIKE aggregation.applied_message INCLUDING ALL);
CREATE TABLE notifications.passed_marker (LIKE aggregation.passed_marker INCLUDING ALL);
CREATE TABLE notifications.audit (LIKE aggregation.audit INCLUDING ALL);
INSERT INTO notifications.audit DEFAULT VALUES;
