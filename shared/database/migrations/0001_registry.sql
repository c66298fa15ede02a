-- The registry: what every service knows. Identifiers sort by bytes ("C"), as Python compares them.
CREATE SCHEMA registry;

CREATE TABLE registry.unit (
    uid              text COLLATE "C" PRIMARY KEY,
    code             text COLLATE "C" NOT NULL,
    name             text NOT NULL,
    level            text NOT NULL,
    type             text NOT NULL,
    parent           text COLLATE "C" REFERENCES registry.unit DEFERRABLE INITIALLY DEFERRED,
    valid_from       date,
    valid_to         date,
    successor        text COLLATE "C" REFERENCES registry.unit DEFERRABLE INITIALLY DEFERRED,
    other_successors text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX unit_code ON registry.unit (code);

-- Every unit with itself (depth 0) and each of its ancestors, in both trees.
CREATE TABLE registry.unit_closure (
    ancestor   text COLLATE "C" NOT NULL,
    descendant text COLLATE "C" NOT NULL,
    depth      smallint NOT NULL,
    PRIMARY KEY (ancestor, descendant)
);
CREATE INDEX unit_closure_descendant ON registry.unit_closure (descendant, depth);

CREATE TABLE registry.partition (
    province  text COLLATE "C" PRIMARY KEY,
    partition smallint NOT NULL
);

-- What was loaded, so that a second load of the same bytes does nothing.
CREATE TABLE registry.loaded (
    name      text PRIMARY KEY,
    digest    text NOT NULL,
    loaded_at timestamptz NOT NULL
);

CREATE TABLE registry.programme (
    slug     text COLLATE "C" PRIMARY KEY,
    document jsonb NOT NULL
);

-- A sender. No subtree means the whole nation, no kinds means all.
CREATE TABLE registry.source (
    name       text COLLATE "C" PRIMARY KEY,
    subtree    text COLLATE "C" NOT NULL REFERENCES registry.unit,
    kinds      text[],
    can_read   boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);

-- A key is 256 random bits and stands here as its SHA-256 only.
CREATE TABLE registry.source_key (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    source     text COLLATE "C" NOT NULL REFERENCES registry.source,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);

-- An officer's channels are addresses like email:a@b.vn, in order of preference.
CREATE TABLE registry.officer (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text NOT NULL,
    role     text NOT NULL,
    unit     text COLLATE "C" NOT NULL REFERENCES registry.unit,
    agency   text COLLATE "C" NOT NULL,
    channels text[] NOT NULL,
    language text NOT NULL DEFAULT 'vi',
    UNIQUE (unit, agency, name)
);

-- The simulated clock of the run: how far it is ahead of the machine's. Empty: the real clock.
CREATE TABLE registry.clock (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    ahead    interval NOT NULL,
    revision bigint NOT NULL DEFAULT 1
);

-- Which revision of the clock each listening process follows, by its backend's process id.
CREATE TABLE registry.clock_follower (
    backend  integer PRIMARY KEY,
    revision bigint NOT NULL
);

CREATE FUNCTION registry.announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('kip_registry', TG_TABLE_NAME);
    RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON registry.unit FOR EACH STATEMENT EXECUTE FUNCTION registry.announce();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON registry.partition FOR EACH STATEMENT EXECUTE FUNCTION registry.announce();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON registry.programme FOR EACH STATEMENT EXECUTE FUNCTION registry.announce();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON registry.source FOR EACH STATEMENT EXECUTE FUNCTION registry.announce();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON registry.source_key FOR EACH STATEMENT EXECUTE FUNCTION registry.announce();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON registry.clock FOR EACH STATEMENT EXECUTE FUNCTION registry.announce();
