-- The problems that a digest's reader was told of: without it every digest read all the alerts there are.
CREATE INDEX alert_of_problem ON notifications.alert (officer) WHERE problem IS NOT NULL;
