-- Under which names a province's records and cells are kept, where programmes share figures: the families' mark
-- (`Families.mark`); empty where none do, null while they are made anew, when nobody else may write them.
ALTER TABLE aggregation.shape ADD COLUMN names text COLLATE "C" DEFAULT '';
