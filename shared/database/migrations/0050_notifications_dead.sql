-- Events that notifications could not take: each went aside alone, with its reason, and waits for a person.

CREATE TABLE notifications.dead_event (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason     text NOT NULL,
    kind       text NOT NULL,
    event      json NOT NULL,
    died_at    timestamptz NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'dropped')),
    settled_at timestamptz
);
CREATE INDEX dead_event_waiting ON notifications.dead_event (number) WHERE state = 'waiting';
