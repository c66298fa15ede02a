-- What a provider said of a message ends after a year (`retention.py`): this finds what is left of it.
CREATE INDEX message_error ON notifications.message (made_at) WHERE error IS NOT NULL;
