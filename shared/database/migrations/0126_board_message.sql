-- The message in whose link somebody came: an unverified device sees what it named. Null: an operator's link.
ALTER TABLE board.session ADD COLUMN message uuid;
