-- Intake's spool: messages that the broker could not take, published from here when it is back.
-- One row is one broker message, ready as it travels, so that draining is reading, publishing and deleting.
CREATE SCHEMA intake;

CREATE TABLE intake.spool (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    routing_key text COLLATE "C" NOT NULL,
    events      integer NOT NULL CHECK (events > 0),
    body        bytea NOT NULL
);
-- JSON batches of 256 KiB: compressed by the server, out of line; the counting query never reads them.
ALTER TABLE intake.spool ALTER COLUMN body SET COMPRESSION pglz;
