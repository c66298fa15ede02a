-- The peers' tables: the same ledger, records and cells as the pipeline keeps, with the same keys.
CREATE SCHEMA peer;

CREATE TABLE peer.ledger (
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
);

-- The same identity with another body.
CREATE TABLE peer.conflict (LIKE peer.ledger, PRIMARY KEY (id, source, sender, province, fingerprint));

CREATE TABLE peer.record (
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
) WITH (fillfactor = 80);
CREATE INDEX record_reporter ON peer.record (programme, subject, period)
    WHERE alive AND (subject LIKE 'indicator:%' OR subject LIKE 'report:%');

CREATE TABLE peer.cell (
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
) WITH (fillfactor = 70);
