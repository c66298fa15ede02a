-- The field that an obstacle lies in, an option of the programme's dimension `domain`: the agencies in charge of it hear
-- of it too. Null: none was named.
ALTER TABLE notifications.problem ADD COLUMN domain text COLLATE "C";
