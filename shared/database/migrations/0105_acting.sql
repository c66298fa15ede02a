-- A key with the right `act` speaks for officers: each request names one (`Kip-Officer: 12.0`), and is judged as theirs.
ALTER TABLE registry.source ADD COLUMN can_act boolean NOT NULL DEFAULT false;

-- What an officer was given (links, sessions, devices) bears their generation, and ends when it is raised.
ALTER TABLE registry.officer ADD COLUMN generation integer NOT NULL DEFAULT 0 CHECK (generation >= 0);

-- What an act of an officer's is judged by, and nothing of the person: services that tell nobody anything read this alone.
CREATE VIEW registry.acting_officer AS
SELECT id, generation, unit, agency, programmes FROM registry.officer;
