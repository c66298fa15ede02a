-- In which message the link came by which a code was asked for: the codes that an officer is sent in an hour are not all
-- for whoever one message was forwarded to.
ALTER TABLE notifications.code ADD COLUMN message uuid;
