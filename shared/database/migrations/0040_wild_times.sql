-- Events whose time lies outside the years 2000 to 2100: no door takes them any more and nothing counts them. The index
-- holds only those, so that looking for them costs nothing.
CREATE INDEX ledger_wild ON aggregation.ledger (province)
    WHERE time < '2000-01-01 00:00:00+00' OR time >= '2101-01-01 00:00:00+00';

-- What notifications has taken of them: a report counts from its acceptance, as ever; its time, which only orders
-- corrections, is no longer beyond them all. A problem keeps no such instant: it is withdrawn, and any correction counts.
UPDATE notifications.answer SET time = accepted_at
WHERE time < '2000-01-01 00:00:00+00' OR time >= '2101-01-01 00:00:00+00';
UPDATE notifications.problem
SET state = 'withdrawn', raised_at = NULL, changed_at = '2000-01-01 00:00:00+00', to_tell = false
WHERE changed_at < '2000-01-01 00:00:00+00' OR changed_at >= '2101-01-01 00:00:00+00'
   OR raised_at < '2000-01-01 00:00:00+00' OR raised_at >= '2101-01-01 00:00:00+00';
