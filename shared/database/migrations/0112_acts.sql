-- By whose key a person decided, and on which of their devices (a public mark of it): beside who it was and why.
ALTER TABLE notifications.change
    ADD COLUMN key    text,
    ADD COLUMN device text;

-- What officers asked for themselves, each time: to be told no more until a day, and that no longer. Without an
-- obligation it is about all of the programme. `at` and `until` are the run's time.
CREATE TABLE notifications.act (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    officer    bigint NOT NULL,
    generation integer NOT NULL,
    key        text,
    device     text,
    act        text COLLATE "C" NOT NULL CHECK (act IN ('acknowledged', 'undone', 'muted')),
    programme  text COLLATE "C" NOT NULL,
    obligation bigint REFERENCES notifications.obligation,
    until      timestamptz
);
CREATE INDEX act_officer ON notifications.act (officer);
