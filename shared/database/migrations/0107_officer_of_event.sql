-- In whose name an event was posted, and on which device: beside it, as it travelled. NULL: in nobody's.
ALTER TABLE aggregation.ledger ADD COLUMN officer text COLLATE "C", ADD COLUMN device text COLLATE "C";
ALTER TABLE aggregation.conflict ADD COLUMN officer text COLLATE "C", ADD COLUMN device text COLLATE "C";
