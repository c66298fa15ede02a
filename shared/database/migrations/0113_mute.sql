-- An officer's mail program has paused reminders (RFC 8058): what reminds them of a deadline that is still to come, until
-- a time, and nothing else. A table of its own: a robot may have pressed the button, and the desk undoes it.
CREATE TABLE notifications.mute (
    officer   bigint NOT NULL,
    programme text COLLATE "C" NOT NULL,
    until     timestamptz NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (officer, programme)
);
