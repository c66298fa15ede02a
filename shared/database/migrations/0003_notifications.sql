-- Notifications: who owes a report until when, who was told about it, and the messages on their way.
-- Instants named *_at are the run's clock (simulated in a sample run), except `act_at` and `created_at`, which time
-- retries and are the database's own.
CREATE SCHEMA notifications;

-- When this database first met a programme: what was due before then is nobody's fault and alerts nobody.
CREATE TABLE notifications.programme (
    slug          text COLLATE "C" PRIMARY KEY,
    first_seen_at timestamptz NOT NULL
);

-- Which periods were opened, by which register and rules. The same fingerprint has nothing new to open.
CREATE TABLE notifications.opening (
    programme   text COLLATE "C" NOT NULL,
    period      text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    PRIMARY KEY (programme, period)
);

-- `next_at` is when something has to be looked at again (the deadline, the next step); null: never by itself.
-- `reopened_at`: steps count anew from there where that is after the deadline.
CREATE TABLE notifications.obligation (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme       text COLLATE "C" NOT NULL,
    report          text COLLATE "C" NOT NULL,
    period          text COLLATE "C" NOT NULL,
    unit            text COLLATE "C" NOT NULL,
    agency          text COLLATE "C" NOT NULL,
    level           text COLLATE "C" NOT NULL,
    due_at          timestamptz NOT NULL,
    shifted_because jsonb,
    state           text COLLATE "C" NOT NULL
                    CHECK (state IN ('open', 'met', 'overdue', 'late_met', 'waived', 'expired')),
    cycle           integer NOT NULL DEFAULT 1,
    met_at          timestamptz,
    reopened_at     timestamptz,
    next_at         timestamptz,
    UNIQUE (programme, period, report, unit, agency)
) WITH (fillfactor = 80);
CREATE INDEX obligation_next ON notifications.obligation (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX obligation_unit ON notifications.obligation (unit);

-- Every submission and withdrawal of a report, kept because they arrive in any order and may come before the
-- obligation is opened. Its key is the inbox: what it refuses was counted before.
CREATE TABLE notifications.answer (
    programme   text COLLATE "C" NOT NULL,
    report      text COLLATE "C" NOT NULL,
    period      text COLLATE "C" NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    agency      text COLLATE "C" NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,
    time        timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    submitted   boolean NOT NULL,
    PRIMARY KEY (programme, period, report, unit, agency, source, id, sender)
);

-- One message to one officer: what one sweep has to tell about one programme. The id makes the Message-ID.
-- pending: to be queued; queued: in kip.alerts; sending: a worker has it until `act_at`; waiting: tried, again at
-- `act_at`; sent, failed, cancelled (nothing left to tell): the end.
CREATE TABLE notifications.message (
    id         uuid PRIMARY KEY,
    programme  text COLLATE "C" NOT NULL,
    officer    bigint NOT NULL REFERENCES registry.officer,
    unit       text COLLATE "C" NOT NULL,
    state      text COLLATE "C" NOT NULL DEFAULT 'pending'
               CHECK (state IN ('pending', 'queued', 'sending', 'waiting', 'sent', 'failed', 'cancelled')),
    made_at    timestamptz NOT NULL,
    sent_at    timestamptz,
    choice     smallint NOT NULL DEFAULT 0,
    attempts   integer NOT NULL DEFAULT 0,
    channel    text COLLATE "C",
    error      text,
    created_at timestamptz NOT NULL DEFAULT now(),
    act_at     timestamptz DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX message_unfinished ON notifications.message (act_at) WHERE act_at IS NOT NULL;
CREATE INDEX message_made ON notifications.message (made_at);

-- What an officer is told about an obligation: once per cycle, step and occurrence (a step may repeat). Without an
-- officer the row says that there was nobody to tell.
CREATE TABLE notifications.alert (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    obligation bigint NOT NULL REFERENCES notifications.obligation,
    cycle      integer NOT NULL,
    step       text COLLATE "C" NOT NULL,
    occurrence smallint NOT NULL,
    unit       text COLLATE "C" NOT NULL,
    officer    bigint REFERENCES registry.officer,
    message    uuid REFERENCES notifications.message DEFERRABLE INITIALLY DEFERRED,
    state      text COLLATE "C" NOT NULL
               CHECK (state IN ('queued', 'sent', 'failed', 'cancelled', 'unaddressed')),
    made_at    timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (obligation, cycle, step, occurrence, officer),
    CHECK ((officer IS NULL) = (state = 'unaddressed') AND (officer IS NULL) = (message IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX alert_message ON notifications.alert (message) WHERE message IS NOT NULL;
CREATE INDEX alert_unit ON notifications.alert (unit);

-- Sweeps asked for and served, and the run's time of the last one. `held` says what it waited for.
CREATE TABLE notifications.sweeper (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    requested bigint NOT NULL DEFAULT 0,
    served    bigint NOT NULL DEFAULT 0,
    swept_at  timestamptz,
    held      text
);
INSERT INTO notifications.sweeper DEFAULT VALUES;

-- Tells the services' registry listeners, so that a requested sweep starts at once.
CREATE TRIGGER announce AFTER UPDATE OF requested ON notifications.sweeper
    FOR EACH STATEMENT EXECUTE FUNCTION registry.announce();
