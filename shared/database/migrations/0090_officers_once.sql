-- A name is one person's whatever its Unicode form, case and spaces: within a unit and agency an officer is there once.
-- What alerts, messages and acknowledgements keep of an officer is a number. It stays when the officer is removed, and
-- then leads to nobody: that is how a removed officer's history has no name.
ALTER TABLE notifications.message DROP CONSTRAINT message_officer_fkey;
ALTER TABLE notifications.alert DROP CONSTRAINT alert_officer_fkey;
ALTER TABLE notifications.acknowledgement DROP CONSTRAINT acknowledgement_officer_fkey;

-- What was done to officers and what was handed out about them, by whom: without names and addresses.
-- merged: a second spelling of an officer, by this migration. `at` is the machine's time.
CREATE TABLE registry.officer_audit (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    role      text NOT NULL DEFAULT session_user,
    client    text NOT NULL DEFAULT current_setting('application_name'),
    operation text COLLATE "C" NOT NULL CHECK (operation IN ('merged', 'removed', 'erased', 'exported')),
    officer   bigint NOT NULL,
    unit      text COLLATE "C" NOT NULL,
    agency    text COLLATE "C" NOT NULL
);
CREATE INDEX officer_audit_officer ON registry.officer_audit (officer);

-- Of several spellings the one that was registered first stays, with the addresses and programmes of all.
CREATE TEMPORARY TABLE spelling ON COMMIT DROP AS
SELECT id, unit, agency, first_value(id) OVER (
    PARTITION BY unit, agency,
        normalize(casefold(btrim(regexp_replace(normalize(name COLLATE pg_unicode_fast, NFC), '\s+', ' ', 'g'))), NFC)
    ORDER BY id
) AS kept
FROM registry.officer;
INSERT INTO registry.officer_audit (operation, officer, unit, agency)
SELECT 'merged', id, unit, agency FROM spelling WHERE id <> kept ORDER BY id;

DO $$
DECLARE
    double record;
BEGIN
    FOR double IN SELECT id, kept FROM spelling WHERE id <> kept ORDER BY id LOOP
        UPDATE registry.officer AS first
        SET channels = first.channels || ARRAY(SELECT address FROM unnest(other.channels) AS address
                                               WHERE address <> ALL (first.channels)),
            programmes = CASE WHEN first.programmes = '{}' OR other.programmes = '{}' THEN '{}'
                              ELSE first.programmes || ARRAY(SELECT slug FROM unnest(other.programmes) AS slug
                                                             WHERE slug <> ALL (first.programmes)) END
        FROM registry.officer AS other WHERE first.id = double.kept AND other.id = double.id;
        UPDATE notifications.message SET officer = double.kept WHERE officer = double.id;
        -- What both were told of stays twice, the second time under the old number.
        UPDATE notifications.alert SET officer = double.kept
        WHERE officer = double.id AND NOT EXISTS (
            SELECT FROM notifications.alert AS theirs
            WHERE theirs.officer = double.kept AND theirs.obligation IS NOT DISTINCT FROM alert.obligation
              AND theirs.problem IS NOT DISTINCT FROM alert.problem
              AND (theirs.cycle, theirs.step, theirs.occurrence) = (alert.cycle, alert.step, alert.occurrence));
        INSERT INTO notifications.acknowledgement (officer, programme, obligation, until, at)
        SELECT double.kept, programme, obligation, until, at FROM notifications.acknowledgement
        WHERE officer = double.id
        ON CONFLICT (officer, programme, obligation)
            DO UPDATE SET until = GREATEST(acknowledgement.until, excluded.until);
        DELETE FROM notifications.acknowledgement WHERE officer = double.id;
        DELETE FROM registry.officer WHERE id = double.id;
    END LOOP;
END $$;

-- A deputy is named as they are registered.
UPDATE registry.officer SET deputy = named.name
FROM registry.officer AS named
WHERE named.unit = officer.unit AND named.name <> officer.deputy
  AND normalize(casefold(btrim(regexp_replace(normalize(named.name COLLATE pg_unicode_fast, NFC), '\s+', ' ', 'g'))), NFC)
    = normalize(casefold(btrim(regexp_replace(normalize(officer.deputy COLLATE pg_unicode_fast, NFC), '\s+', ' ', 'g'))), NFC)
  AND NOT EXISTS (SELECT FROM registry.officer AS same
                  WHERE same.unit = officer.unit AND same.name = officer.deputy);

CREATE UNIQUE INDEX officer_once ON registry.officer (
    unit, agency,
    normalize(casefold(btrim(regexp_replace(normalize(name COLLATE pg_unicode_fast, NFC), '\s+', ' ', 'g'))), NFC)
);
