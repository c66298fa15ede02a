-- The mark of the address that a mail was handed over for last (`return_path.mark_of`): a report about another of the
-- officer's addresses, which comes later, moves the message no more. `choice` counts all of the officer's channels now.
ALTER TABLE notifications.message ADD COLUMN sent_to bytea;
