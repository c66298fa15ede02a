-- Of when the last backup is (deploy/backup/backup.sh notes it): the journal must reach back to before it.
CREATE TABLE registry.backup (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    made_at timestamptz NOT NULL
);
