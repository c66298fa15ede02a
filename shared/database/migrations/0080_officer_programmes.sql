-- Of which programmes an officer hears. None named: of all.
ALTER TABLE registry.officer ADD COLUMN programmes text[] COLLATE "C" NOT NULL DEFAULT '{}';
