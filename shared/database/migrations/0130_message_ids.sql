-- The id that a message had at its first attempt: the account of whoever applies it names it (docs/reliability.md).
ALTER TABLE intake.spool ADD COLUMN message uuid NOT NULL DEFAULT gen_random_uuid();
