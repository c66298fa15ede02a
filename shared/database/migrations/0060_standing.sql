-- Of each record the version that counts, and when it was accepted: events without a revision (sheets, DHIS2, Kobo, the
-- board) correct what was accepted before them. `revision` is null where such a current event counts.
ALTER TABLE aggregation.record
    ALTER COLUMN revision DROP NOT NULL,
    ADD COLUMN accepted_at timestamptz,
    ADD COLUMN deprecates text COLLATE "C",
    ADD COLUMN contested boolean NOT NULL DEFAULT false;
UPDATE aggregation.record SET accepted_at = ledger.accepted_at
FROM aggregation.ledger
WHERE (ledger.id, ledger.source, ledger.sender, ledger.province)
    = (record.id, record.source, record.sender, record.province);
ALTER TABLE aggregation.record ALTER COLUMN accepted_at SET NOT NULL;

-- The versions of a contested record that can still decide who counts: its strongest explicit one and all current ones.
-- Of all other records the one that counts is the only one.
CREATE TABLE aggregation.contender (
    revision    bigint,
    time        timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    province    text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    alive       boolean NOT NULL,
    deprecates  text COLLATE "C",
    PRIMARY KEY (key, province, id, source, sender)
) PARTITION BY HASH (province);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE aggregation.contender_%s PARTITION OF aggregation.contender
                        FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END $$;

-- The same rule decides whether a report stands: answers without a revision, and edited submissions.
ALTER TABLE notifications.answer
    ALTER COLUMN revision DROP NOT NULL,
    ADD COLUMN deprecates text COLLATE "C";
