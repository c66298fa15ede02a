-- Alerts for which there was nobody to tell are counted after a sweep and by `kip doctor`, among many that were told.
CREATE INDEX alert_unaddressed ON notifications.alert (obligation, problem) WHERE state = 'unaddressed';
