-- The kinds of addresses that notifications has a channel for, as its settings say: whoever has none of them can't be
-- reached. Empty until it has started once; then every kind is taken for good.
CREATE TABLE notifications.channel (
    kind text COLLATE "C" PRIMARY KEY
);
