-- Mail that was taken by a server and came back. An address that takes no mail for good is dead until it is imported
-- again or `kip bounce forget` says so. This is the only table here that holds an address: `email:a@b.vn`, in lower case.
CREATE TABLE notifications.dead_address (
    address text COLLATE "C" PRIMARY KEY,
    since   timestamptz NOT NULL,
    status  text COLLATE "C" NOT NULL, -- 5.1.1 (RFC 3463)
    reason  text NOT NULL              -- what the server said, without any address
);

-- What came back of which message: a report that comes twice does nothing the second time. `mark` is the beginning of
-- the address's SHA-256.
CREATE TABLE notifications.bounce (
    message uuid NOT NULL,
    mark    bytea NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    status  text COLLATE "C" NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (message, mark, outcome)
);

-- How many reports ended how; forged ones, which anybody can send, only here.
CREATE TABLE notifications.bounce_total (
    outcome text COLLATE "C" PRIMARY KEY,
    total   bigint NOT NULL
);

-- What signs return paths. Not the secret of officers' links: whoever runs `kip bounce` reads this one.
CREATE TABLE notifications.return_secret (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret text NOT NULL
);
