-- Why the alert was claimed when it was: `first`, `repeat`, `caught_up` (an earlier step to the same level was missed),
-- `received`, `raised` or `resolved`. Null: claimed before this was written down.
ALTER TABLE notifications.alert ADD COLUMN reason text COLLATE "C";
