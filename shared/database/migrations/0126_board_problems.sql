-- The numbers of the obstacles that the message named, as its obligations stand by their names.
ALTER TABLE board.session ADD COLUMN problems bigint[] NOT NULL DEFAULT '{}';
