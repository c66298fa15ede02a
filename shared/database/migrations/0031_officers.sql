-- What an officer has asked for. Within quiet hours nothing is delivered to them; until `away_until` (inclusive) their
-- deputy, an officer of the same unit by name, is told instead; optional steps can be declined.
ALTER TABLE registry.officer
    ADD COLUMN quiet_from time,
    ADD COLUMN quiet_to   time,
    ADD COLUMN away_until date,
    ADD COLUMN deputy     text,
    ADD COLUMN optional   boolean NOT NULL DEFAULT true,
    ADD CHECK ((quiet_from IS NULL) = (quiet_to IS NULL));
