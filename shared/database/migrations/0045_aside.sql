-- What notifications could not tell, open or publish: each alone, with its reason, while all the others went on.
-- It waits for a person. `subject` names it by kind: an obligation, problem or alert by its id, a change by
-- `obligation.revision`, an opening by programme, period and rules, a summary by programme, month and unit.
CREATE TABLE notifications.aside (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text COLLATE "C" NOT NULL
               CHECK (kind IN ('obligation', 'problem', 'alert', 'officer', 'opening', 'answer', 'summary', 'change')),
    subject    text COLLATE "C" NOT NULL,
    programme  text COLLATE "C" NOT NULL,
    unit       text COLLATE "C" NOT NULL,
    reason     text NOT NULL,
    died_at    timestamptz NOT NULL,
    state      text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'dropped')),
    settled_at timestamptz
);
CREATE UNIQUE INDEX aside_once ON notifications.aside (kind, subject) WHERE state = 'waiting';

-- What an acknowledgement kept back may fail before it has a message.
ALTER TABLE notifications.alert
    DROP CONSTRAINT alert_message,
    ADD CONSTRAINT alert_message CHECK (
        message IS NOT NULL OR state IN ('unaddressed', 'muted', 'declined', 'cancelled', 'failed')
    );
