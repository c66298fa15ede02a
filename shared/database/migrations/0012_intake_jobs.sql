-- What became of the imports of DHIS2 clients that ask with async=true, for any replica to answer.
CREATE TABLE intake.job (
    id         text COLLATE "C" PRIMARY KEY,
    sender     text COLLATE "C" NOT NULL,
    summary    json NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX job_created ON intake.job (created_at);
