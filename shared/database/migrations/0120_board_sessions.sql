-- Who has entered the board on which device, and what was done there. Officers stand here by reference (12.0), never by
-- name; instants are the machine's, whatever the run simulates. Of a session's secret only the SHA-256 is kept.
CREATE TABLE board.session (
    hash           bytea PRIMARY KEY CHECK (length(hash) = 32),
    officer        text COLLATE "C" NOT NULL,
    device         text COLLATE "C" NOT NULL,    -- a public mark of the browser: in audits, never the secret
    obligations    text[] COLLATE "C" NOT NULL,  -- the names of those that the message named, which brought them here
    made_at        timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    verified_until timestamptz,                  -- null: whoever it is has shown a link and nothing more
    code_sent_to   text,                         -- the masked address that the live code went to
    code_ends_at   timestamptz,
    ended_at       timestamptz                   -- signed out, replaced or revoked
);
CREATE INDEX session_officer ON board.session (officer);
CREATE INDEX session_ends ON board.session (ends_at);

-- A link that an operator makes for an officer: good once. Of its token only the SHA-256 is kept.
CREATE TABLE board.invitation (
    hash     bytea PRIMARY KEY CHECK (length(hash) = 32),
    officer  text COLLATE "C" NOT NULL,
    verified boolean NOT NULL,  -- whether the session that it opens is a verified device's
    made_at  timestamptz NOT NULL,
    ends_at  timestamptz NOT NULL,
    used_at  timestamptz
);

-- The audit: every act of an officer, or of an operator for one, with how it ended. `about` is what it concerned: an
-- obligation's name, a programme.
CREATE TABLE board.act (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    officer text COLLATE "C" NOT NULL,
    device  text COLLATE "C",   -- null: an operator's command
    what    text COLLATE "C" NOT NULL,
    about   text COLLATE "C",
    outcome text COLLATE "C" NOT NULL
);
CREATE INDEX act_officer ON board.act (officer, at);
CREATE INDEX act_at ON board.act (at);
