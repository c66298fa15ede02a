-- Senders: programmes (null: all), a rate in events a second (null: none), and whether the sender's software loses what
-- is answered 429 (Kobo), so that 503 is said instead.
ALTER TABLE registry.source
    ADD COLUMN programmes text[],
    ADD COLUMN rate       integer CHECK (rate > 0),
    ADD COLUMN loses_429  boolean NOT NULL DEFAULT false;

-- A revoked key stays for the audit. Revocation is no time: the run's clock may be simulated.
ALTER TABLE registry.source_key ADD COLUMN revoked boolean NOT NULL DEFAULT false;

-- Every change of a sender or key, whoever makes it and however. `at` is the machine's time: a simulated run's clock
-- doesn't date what a person did. A key is named by the first 12 hexadecimal digits of its hash.
CREATE TABLE registry.source_audit (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    role      text NOT NULL DEFAULT session_user,
    client    text NOT NULL DEFAULT current_setting('application_name'),
    source    text COLLATE "C" NOT NULL,
    changed   text NOT NULL,
    operation text NOT NULL,
    old       jsonb,
    new       jsonb
);
CREATE INDEX source_audit_source ON registry.source_audit (source, number);

CREATE FUNCTION registry.audited(changed jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN changed ? 'hash'
                THEN changed - 'hash' || jsonb_build_object('key', substr(changed ->> 'hash', 3, 12))
                ELSE changed END
$$;

CREATE FUNCTION registry.audit_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
    INSERT INTO registry.source_audit (source, changed, operation, old, new)
    VALUES (coalesce(after, before) ->> CASE TG_TABLE_NAME WHEN 'source' THEN 'name' ELSE 'source' END,
            TG_TABLE_NAME, lower(TG_OP), registry.audited(before), registry.audited(after));
    RETURN NULL;
END $$;

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON registry.source
    FOR EACH ROW EXECUTE FUNCTION registry.audit_source();
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON registry.source_key
    FOR EACH ROW EXECUTE FUNCTION registry.audit_source();
