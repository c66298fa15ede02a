-- The board's own: sessions, devices, drafts, submissions. Nobody else reads them, and it reads nobody else's.
CREATE SCHEMA board;
