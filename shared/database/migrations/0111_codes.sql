-- The codes by which an officer verifies a device: six digits, of which only an HMAC is kept, for one session. `live`: it
-- may still be tried; one a session. Instants are the machine's, whatever the run simulates.
CREATE TABLE notifications.code (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    officer    bigint NOT NULL,
    session    bytea NOT NULL CHECK (length(session) = 32),
    digest     bytea NOT NULL,
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries      smallint NOT NULL DEFAULT 0,
    live       boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX code_live ON notifications.code (session) WHERE live;
CREATE INDEX code_officer ON notifications.code (officer, made_at);

-- When an officer was last sent a fresh link for one that had expired, on the machine's clock.
CREATE TABLE notifications.renewal (
    officer bigint PRIMARY KEY,
    at      timestamptz NOT NULL
);
