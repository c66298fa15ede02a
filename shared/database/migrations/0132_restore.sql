-- A restore of the database, until what the journal has of the lost time has been replayed (docs/operate/backup.md).
-- `since` is when the backup was made and `lost_until` when it was restored, by the run's clock: what was due between,
-- and the backup doesn't know, may have been sent. `end_offset` is the last entry of the journal that is replayed,
-- `done_offset` the last that both services have applied: a replay that is broken off goes on there.
CREATE TABLE registry.restore (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since       timestamptz NOT NULL,
    restored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lost_until  timestamptz NOT NULL,
    end_offset  bigint,
    end_message uuid,
    done_offset bigint,
    replayed_at timestamptz,
    CHECK (since < restored_at + interval '1 hour'),
    CHECK ((end_offset IS NULL) = (end_message IS NULL))
);
CREATE INDEX restore_awaited ON registry.restore (number) WHERE replayed_at IS NULL;

-- uncertain: on its way when the backup was made, or due before it was restored. It may have been sent, and goes only
-- when a person says so.
ALTER TABLE notifications.message
    DROP CONSTRAINT message_state_check,
    ADD CONSTRAINT message_state_check CHECK (
        state IN ('pending', 'queued', 'sending', 'waiting', 'sent', 'failed', 'cancelled', 'uncertain'));
CREATE INDEX message_uncertain ON notifications.message (made_at) WHERE state = 'uncertain';
ALTER TABLE notifications.alert
    DROP CONSTRAINT alert_state,
    ADD CONSTRAINT alert_state CHECK (
        state IN ('queued', 'sent', 'failed', 'cancelled', 'unaddressed', 'muted', 'declined', 'uncertain'));

-- Called by deploy/backup/restore.sh, and by hand after a recovery to a point in time, before any service is started.
-- Obligations get other names, and how each stands is announced anew under these: aggregation may still get, or have,
-- what was announced in the lost time.
CREATE FUNCTION registry.note_restore(since timestamptz) RETURNS bigint LANGUAGE sql AS $$
    SELECT notifications.raise_epoch();

    UPDATE notifications.change SET published = false
    FROM (SELECT obligation, max(revision) AS revision FROM notifications.change GROUP BY obligation) AS latest
    WHERE change.obligation = latest.obligation AND change.revision = latest.revision AND change.published;

    WITH message AS (
        UPDATE notifications.message SET state = 'uncertain', act_at = NULL
        WHERE act_at IS NOT NULL AND (not_before IS NULL OR not_before <= clock_timestamp()
            + COALESCE((SELECT ahead FROM registry.clock), interval '0'))
        RETURNING id
    )
    UPDATE notifications.alert SET state = 'uncertain'
    FROM message WHERE alert.message = message.id AND alert.state = 'queued';

    INSERT INTO registry.restore (since, lost_until)
    VALUES (note_restore.since, clock_timestamp() + COALESCE((SELECT ahead FROM registry.clock), interval '0'))
    RETURNING number;
$$;
