-- Whether the owing unit has still to be told of an extension or a waiver; of those that were there nobody is told.

ALTER TABLE notifications.change ADD COLUMN to_tell boolean NOT NULL DEFAULT false;
CREATE INDEX change_to_tell ON notifications.change (obligation, revision) WHERE to_tell;
