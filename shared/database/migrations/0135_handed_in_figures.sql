-- Of each figure the last event by which an officer handed it in, found by itself: by the unit alone a correction read all
-- that officers had ever handed in there, activities included, and a night corrects every figure of every unit. The index
-- of before goes in 0137, a transaction of its own: a batch that waits for this one to be built holds what that wants.
CREATE INDEX ledger_handed_in_figure ON aggregation.ledger
    (unit, (data->>'indicator'), (data->>'period'), (data->>'agency'), (data->>'programme'), accepted_at)
    WHERE officer IS NOT NULL AND kind = 'indicator.reported';
