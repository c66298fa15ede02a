-- Obstacles that units meet. A record belongs to its sender; the raise, resolve or withdrawal with the highest rank
-- (time, source, id) says how it stands. The text is shown behind a link and never sent.
CREATE TABLE notifications.problem (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text COLLATE "C" NOT NULL,
    province    text COLLATE "C" NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    record      text COLLATE "C" NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    agency      text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL CHECK (state IN ('raised', 'resolved', 'withdrawn')),
    text        text,
    raised_at   timestamptz,
    changed_at  timestamptz NOT NULL,
    source      text COLLATE "C" NOT NULL,
    event       text COLLATE "C" NOT NULL,
    to_tell     boolean NOT NULL,
    cycle       integer NOT NULL DEFAULT 1, -- a problem that comes back is told anew
    UNIQUE (programme, province, sender, record)
);
CREATE INDEX problem_to_tell ON notifications.problem (id) WHERE to_tell;
CREATE INDEX problem_open ON notifications.problem (unit) WHERE state = 'raised';

-- An answer may be an indicator's figure (`item` is its slug): for reports that are complete when all of them are in.
ALTER TABLE notifications.answer ADD COLUMN item text COLLATE "C" NOT NULL DEFAULT '';

-- `not_before` is the run's time before which an officer wants to be left alone. `occasion` makes a message that no
-- alert asks for (a monthly summary) exist once.
ALTER TABLE notifications.message
    ADD COLUMN not_before timestamptz,
    ADD COLUMN occasion   text COLLATE "C" UNIQUE;

-- An alert speaks of an obligation or of a problem. muted: the officer has acknowledged until `wake_at`, then it is
-- sent if it is still true; declined: an optional step that the officer does not want.
ALTER TABLE notifications.alert
    ALTER COLUMN obligation DROP NOT NULL,
    ADD COLUMN problem bigint REFERENCES notifications.problem,
    ADD COLUMN wake_at timestamptz,
    DROP CONSTRAINT alert_obligation_cycle_step_occurrence_officer_key,
    DROP CONSTRAINT alert_check,
    DROP CONSTRAINT alert_state_check,
    ADD CONSTRAINT alert_once UNIQUE NULLS NOT DISTINCT (obligation, problem, cycle, step, occurrence, officer),
    ADD CONSTRAINT alert_subject CHECK (num_nonnulls(obligation, problem) = 1),
    ADD CONSTRAINT alert_state
        CHECK (state IN ('queued', 'sent', 'failed', 'cancelled', 'unaddressed', 'muted', 'declined')),
    ADD CONSTRAINT alert_officer CHECK ((officer IS NULL) = (state = 'unaddressed')),
    ADD CONSTRAINT alert_message CHECK (message IS NOT NULL OR state IN ('unaddressed', 'muted', 'declined', 'cancelled'));
CREATE INDEX alert_wake ON notifications.alert (wake_at) WHERE state = 'muted';

-- An officer's acknowledgement of an obligation, or (null) of everything of a programme, until a time.
CREATE TABLE notifications.acknowledgement (
    officer    bigint NOT NULL REFERENCES registry.officer,
    programme  text COLLATE "C" NOT NULL,
    obligation bigint REFERENCES notifications.obligation,
    until      timestamptz NOT NULL,
    at         timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (officer, programme, obligation)
);

-- What signs the links in messages: made at the first start, the same for every replica.
CREATE TABLE notifications.secret (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret text NOT NULL
);

-- The month (2023-04) whose summaries have been made.
ALTER TABLE notifications.programme ADD COLUMN summarised text COLLATE "C";
