-- The tokens of Zalo's official account. The newest row counts: the last refresh's, or what a person gave after it.
-- Notifications alone reads them; whoever runs kip may add a row (`kip zalo token`) and not read one.
-- A refresh token works once: `tried_at` is written before it goes out, and leases it to one replica; `unanswered` counts
-- the attempts whose answer never came, so that a refusal later on can be told from a token that was never good.
CREATE TABLE notifications.zalo_token (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    refresh       text,                       -- taken out once a newer row is there
    access        text,
    seed          bytea UNIQUE,               -- SHA-256 of the KIP_ZNS_REFRESH_TOKEN that it came from, which is used once
    granted_at    timestamptz NOT NULL,       -- when a person gave the first of its chain
    got_at        timestamptz NOT NULL,
    access_until  timestamptz,
    refresh_until timestamptz NOT NULL,
    tried_at      timestamptz,
    unanswered    integer NOT NULL DEFAULT 0,
    fault         text,                       -- what Zalo said last, where it gave nothing
    lost          boolean NOT NULL DEFAULT false -- Zalo takes it no more: a person must give another
);

-- How the newest stands, without any token: for `kip doctor`.
CREATE VIEW notifications.zalo_standing AS
    SELECT granted_at, got_at, access_until, refresh_until, tried_at, unanswered, fault, lost
    FROM notifications.zalo_token ORDER BY number DESC LIMIT 1;

-- What Zalo said last of the template and of the day's quota. One replica asks, once an hour.
CREATE TABLE notifications.zalo_check (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    asked_at        timestamptz,
    checked_at      timestamptz,
    template        text,
    status          text,                     -- ENABLE, PENDING_REVIEW, REJECT, DISABLE, DELETE
    quality         text,
    fault           text,                     -- why the template is of no use to us
    quota_daily     integer,
    quota_remaining integer
);
INSERT INTO notifications.zalo_check DEFAULT VALUES;
