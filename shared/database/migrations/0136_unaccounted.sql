-- What the account has of messages that got lost: few among millions, and `kip doctor` counts them.
CREATE INDEX ON aggregation.applied_message (outcome) WHERE outcome IN ('republished', 'lost', 'given_up');
CREATE INDEX ON notifications.applied_message (outcome) WHERE outcome IN ('republished', 'lost', 'given_up');
