-- By which register, programme and version the unfinished obligations were last planned. A service that starts, or comes
-- back to its database, and finds its own here has nothing to plan anew.
ALTER TABLE notifications.programme ADD COLUMN planned_by bytea;
