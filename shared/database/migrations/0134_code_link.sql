-- By which link a code was asked for, and which is the newest fresh one that its officer was sent: of the codes of an hour
-- one is kept for whoever has that. `message` stands where a service of the version before, still running, wrote the row.
ALTER TABLE notifications.code ADD COLUMN link uuid;
ALTER TABLE notifications.renewal ADD COLUMN link uuid;
ALTER TABLE board.session ADD COLUMN link uuid;
