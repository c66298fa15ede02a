-- Two indexes for the read API.

-- Which units had an activity at all: each counts once, however long the period.
CREATE INDEX cell_unit_once ON aggregation.cell (programme, subject, period, by) WHERE by LIKE 'unit:%';

-- The events behind a figure.
CREATE INDEX ledger_unit ON aggregation.ledger (unit, kind);
