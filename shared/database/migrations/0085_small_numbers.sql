-- Whether a sender sees small counts of sensitive indicators: an office that answers for the units below it does.

ALTER TABLE registry.source ADD COLUMN small_numbers boolean NOT NULL DEFAULT false;
