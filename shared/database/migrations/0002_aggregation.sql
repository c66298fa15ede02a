-- Aggregation: the ledger, the records that it makes, and the cells that are read.
-- `province` (the province at the end of the successor chain) is part of every key: the tables are hashed by it here and can be
-- distributed by it (Citus) without a change.
CREATE SCHEMA aggregation;

-- Append-only. Its key is the inbox: what it refuses was counted before.
CREATE TABLE aggregation.ledger (
    province    text COLLATE "C" NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    time        timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    fingerprint bytea NOT NULL,
    data        json NOT NULL,
    PRIMARY KEY (id, source, sender, province)
) PARTITION BY HASH (province);

-- The same identity with another body: put aside, visible, never counted.
CREATE TABLE aggregation.conflict (
    province    text COLLATE "C" NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    time        timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    data        json NOT NULL,
    PRIMARY KEY (id, source, sender, province, fingerprint)
);

-- An event that can't be applied, alone, with its reason.
CREATE TABLE aggregation.dead (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason      text NOT NULL,
    event       json NOT NULL,
    died_at     timestamptz NOT NULL
);

-- The winning revision of each record, by (revision, time, source, id); the ledger has its body.
CREATE TABLE aggregation.record (
    province  text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL,
    revision  bigint NOT NULL,
    time      timestamptz NOT NULL,
    sender    text COLLATE "C" NOT NULL,
    source    text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    alive     boolean NOT NULL,
    programme text COLLATE "C" NOT NULL,
    subject   text COLLATE "C" NOT NULL,
    unit      text COLLATE "C" NOT NULL,
    agency    text COLLATE "C" NOT NULL,
    period    text COLLATE "C" NOT NULL,
    PRIMARY KEY (key, province)
) PARTITION BY HASH (province);
CREATE INDEX record_reported ON aggregation.record (programme, subject, period, unit) WHERE alive;

-- One row per unit, native period and subject; `by` is empty for the whole and names the options for a part.
-- The nation has one row per province: no row is every writer's lock.
CREATE TABLE aggregation.cell (
    province    text COLLATE "C" NOT NULL,
    unit        text COLLATE "C" NOT NULL,
    programme   text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    period      text COLLATE "C" NOT NULL,
    by          text COLLATE "C" NOT NULL,
    records     bigint NOT NULL,
    reported    bigint NOT NULL,
    numerator   bigint NOT NULL,
    denominator bigint NOT NULL,
    people      bigint NOT NULL,
    female      bigint NOT NULL,
    amount      bigint NOT NULL,
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
