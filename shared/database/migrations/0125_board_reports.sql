-- Reports that officers write in the form: what they have typed so far, and what they have handed in.
-- Both are named by whose report of which period it is; the number counts a report's submissions.

-- One row a report. `version` is raised with each change: who changes an older one is told, and nothing is overwritten.
CREATE TABLE board.draft (
    programme  text        NOT NULL,
    report     text        NOT NULL,
    unit       text        NOT NULL,
    agency     text        NOT NULL,
    period     text        NOT NULL,
    number     integer     NOT NULL DEFAULT 1,  -- of the submission that it will be
    version    integer     NOT NULL DEFAULT 1,
    answers    jsonb       NOT NULL DEFAULT '{}',
    officer    text        NOT NULL,            -- who changed it last: a reference (12.0), never a name
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (programme, report, unit, agency, period)
);

-- `events` are what goes to intake, byte for byte the same each time that it is sent; gone once intake has taken or
-- refused them: what was accepted stands in the ledger, and a problem's text belongs to nobody else.
CREATE TABLE board.submission (
    programme   text        NOT NULL,
    report      text        NOT NULL,
    unit        text        NOT NULL,
    agency      text        NOT NULL,
    period      text        NOT NULL,
    number      integer     NOT NULL,
    version     integer     NOT NULL,           -- of the draft that was handed in: what came after it stays a draft
    obligation  text        NOT NULL,           -- its name as it was then, with the epoch: the ids are made of it
    answers     jsonb       NOT NULL,           -- as typed, without the texts of problems
    events      text,
    officer     text        NOT NULL,
    device      text,
    handed_in_at timestamptz NOT NULL,          -- by the run's clock, as deadlines are
    accepted_at timestamptz,
    refused_at  timestamptz,
    PRIMARY KEY (programme, report, unit, agency, period, number),
    CHECK (events IS NOT NULL OR accepted_at IS NOT NULL OR refused_at IS NOT NULL)
);
