-- Since 0135 each figure is found by itself.
DROP INDEX aggregation.ledger_handed_in;
