-- Aggregation's tables anew, because nothing is deployed yet: the ledger knows its batches, a record its state, a cell its key in
-- the order in which it is read. `province` stays in every key (hashed by it here, distributable by it with Citus).
DROP TABLE aggregation.cell, aggregation.record, aggregation.ledger, aggregation.dead;

-- Append-only. Its key is the inbox: what it refuses was counted before. `batch` grows with every transaction of a
-- partition, so that a rebuild can tell what came after its snapshot.
CREATE SEQUENCE aggregation.batch;
CREATE TABLE aggregation.ledger (
    batch       bigint NOT NULL,
    time        timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    province    text COLLATE "C" NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    data        json NOT NULL,
    PRIMARY KEY (id, source, sender, province)
) PARTITION BY HASH (province);

-- The winning revision of each record, by (revision, time, source, id); the ledger has its body. `state` is that of an
-- obligation and empty for all else.
CREATE TABLE aggregation.record (
    revision  bigint NOT NULL,
    time      timestamptz NOT NULL,
    province  text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL,
    sender    text COLLATE "C" NOT NULL,
    source    text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    alive     boolean NOT NULL,
    programme text COLLATE "C" NOT NULL,
    subject   text COLLATE "C" NOT NULL,
    unit      text COLLATE "C" NOT NULL,
    agency    text COLLATE "C" NOT NULL,
    period    text COLLATE "C" NOT NULL,
    state     text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (key, province)
) PARTITION BY HASH (province);
-- Who has reported an indicator or a report, and whose obligation is waived. Activities are not looked up like that.
CREATE INDEX record_reporter ON aggregation.record (programme, subject, period)
    WHERE alive AND (subject LIKE 'indicator:%' OR subject LIKE 'report:%');
CREATE INDEX record_waived ON aggregation.record (programme, subject, period) WHERE alive AND state = 'waived';

-- One row per unit, native period and subject; `by` is empty for the whole and names the options for a part.
-- The nation has one row per province: no row is every writer's lock.
CREATE TABLE aggregation.cell (
    records     bigint NOT NULL,
    reported    bigint NOT NULL,
    numerator   bigint NOT NULL,
    denominator bigint NOT NULL,
    people      bigint NOT NULL,
    female      bigint NOT NULL,
    amount      bigint NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    period      text COLLATE "C" NOT NULL,
    by          text COLLATE "C" NOT NULL,
    programme   text COLLATE "C" NOT NULL,
    province    text COLLATE "C" NOT NULL,
    PRIMARY KEY (unit, subject, period, by, programme, province)
) PARTITION BY HASH (province);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE aggregation.ledger_%s PARTITION OF aggregation.ledger
                        FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE aggregation.record_%s PARTITION OF aggregation.record
                        FOR VALUES WITH (MODULUS 8, REMAINDER %s)
                        WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)', part, part);
        EXECUTE format('CREATE TABLE aggregation.cell_%s PARTITION OF aggregation.cell
                        FOR VALUES WITH (MODULUS 8, REMAINDER %s)
                        WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)', part, part);
    END LOOP;
END $$;

-- An event that can't be applied, alone, with its reason. A replay gives it to the live service again; what is dropped
-- stays here with the time, because what was accepted is never lost without a trace.
CREATE TABLE aggregation.dead (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason     text NOT NULL,
    kind       text NOT NULL,
    event      json NOT NULL,
    died_at    timestamptz NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'dropped')),
    settled_at timestamptz
);
CREATE INDEX dead_waiting ON aggregation.dead (number) WHERE state = 'waiting';

-- How far each partition has come: the last committed batch. It names the state that a reader saw.
CREATE TABLE aggregation.progress (
    partition  integer PRIMARY KEY,
    batch      bigint NOT NULL,
    applied_at timestamptz NOT NULL
) WITH (fillfactor = 20);

-- Where the cells differ from what the ledger gives, as the last check of each province found it: right less standing.
CREATE TABLE aggregation.drift (LIKE aggregation.cell, PRIMARY KEY (province, unit, subject, period, by, programme));

-- The last check of each province: events read, cells and records that differ, activities alive in another province too.
CREATE TABLE aggregation.checked (
    province   text COLLATE "C" PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    batch      bigint NOT NULL,
    events     bigint NOT NULL,
    cells      bigint NOT NULL,
    records    bigint NOT NULL,
    twice      bigint NOT NULL
);

-- By which register and rules each province's cells were made. Another fingerprint means that they are rebuilt.
CREATE TABLE aggregation.shape (
    province    text COLLATE "C" PRIMARY KEY,
    fingerprint bytea NOT NULL
);
