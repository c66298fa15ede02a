-- What stands last in every obligation's name (shared/domain/obligation_name.py). Restoring the database raises it, so
-- that a name from before leads nowhere. It is the time of the restore in milliseconds: two restores of one backup differ.
-- A database that is in use already begins with its time too: it may be a restored one of before names had an epoch.
CREATE TABLE notifications.epoch (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch bigint NOT NULL CHECK (epoch >= 0)
);
INSERT INTO notifications.epoch (epoch)
SELECT CASE WHEN EXISTS (SELECT FROM notifications.obligation) THEN (1000 * extract(epoch FROM now()))::bigint ELSE 0 END;

-- Called by deploy/backup/restore.sh, and by hand after a recovery to a point in time.
CREATE FUNCTION notifications.raise_epoch() RETURNS bigint LANGUAGE sql AS $$
    UPDATE notifications.epoch SET epoch = GREATEST(epoch + 1, (1000 * extract(epoch FROM clock_timestamp()))::bigint)
    RETURNING epoch
$$;
