-- Figures that officers have handed in and that count no more as they were. Aggregation notes such a change where it is
-- made, publishes it, and forgets it then: an outbox. Of the ledger only what was posted in an officer's name is looked at.
CREATE INDEX ledger_handed_in ON aggregation.ledger (unit) WHERE officer IS NOT NULL;
CREATE TABLE aggregation.figure_change (
    number            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch             bigint NOT NULL,                -- of a record's changes the one of the highest holds
    province          text COLLATE "C" NOT NULL,
    key               text COLLATE "C" NOT NULL,      -- of the record
    handed_in_id      text COLLATE "C" NOT NULL,
    handed_in_source  text COLLATE "C" NOT NULL,
    handed_in_sender  text COLLATE "C" NOT NULL,
    id                text COLLATE "C" NOT NULL,      -- of the event that counts now
    source            text COLLATE "C" NOT NULL,
    sender            text COLLATE "C" NOT NULL
);

-- What notifications knows of them: one row a record. `to_tell` until whoever handed the figure in has been told.
CREATE TABLE notifications.figure_change (
    record       text COLLATE "C" PRIMARY KEY,
    batch        bigint NOT NULL,
    programme    text COLLATE "C" NOT NULL,
    indicator    text COLLATE "C" NOT NULL,
    unit         text COLLATE "C" NOT NULL,
    agency       text COLLATE "C" NOT NULL,
    period       text COLLATE "C" NOT NULL,
    sender       text COLLATE "C" NOT NULL,           -- with source and time: of the handing in
    source       text COLLATE "C" NOT NULL,
    handed_in_at timestamptz NOT NULL,
    before       jsonb NOT NULL,
    now          jsonb,                               -- null: withdrawn
    changed_by   text COLLATE "C" NOT NULL,
    changed_at   timestamptz NOT NULL,
    differs      boolean NOT NULL,
    to_tell      boolean NOT NULL
);
CREATE INDEX figure_change_of_unit ON notifications.figure_change (unit) WHERE differs;
CREATE INDEX figure_change_to_tell ON notifications.figure_change (record) WHERE to_tell;

-- The obligations whose last handing in by an officer holds such a figure, and the how manieth that was. What was handed
-- in at once has sender, source and time in common.
CREATE VIEW notifications.changed_figure AS
SELECT obligation.id AS obligation, change.record, change.to_tell,
       (SELECT count(*) FROM notifications.answer AS earlier
        WHERE (earlier.programme, earlier.period, earlier.report, earlier.unit, earlier.agency, earlier.source,
               earlier.sender, earlier.item)
            = (answer.programme, answer.period, answer.report, answer.unit, answer.agency, answer.source,
               answer.sender, answer.item)
          AND earlier.time <= answer.time) AS number
FROM notifications.figure_change AS change
JOIN notifications.obligation USING (programme, unit, agency)
JOIN notifications.answer
  ON (answer.programme, answer.period, answer.report, answer.unit, answer.agency)
   = (obligation.programme, obligation.period, obligation.report, obligation.unit, obligation.agency)
 AND (answer.source, answer.sender, answer.time) = (change.source, change.sender, change.handed_in_at)
 AND answer.item = '' AND answer.submitted
WHERE change.differs AND obligation.state IN ('met', 'late_met')
  AND NOT EXISTS (
    SELECT FROM notifications.answer AS later
    WHERE (later.programme, later.period, later.report, later.unit, later.agency, later.source, later.sender, later.item)
        = (answer.programme, answer.period, answer.report, answer.unit, answer.agency, answer.source, answer.sender,
           answer.item)
      AND later.time > answer.time);
