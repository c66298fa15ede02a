"""Every metric that Kịp exports, in one place. No label has a value per unit."""

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LAG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_SIZE = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

EVENTS_RECEIVED = Counter(
    "kip_events_received_total", "Events at the door, by kind and what was answered", ("kind", "outcome")
)
EVENTS_APPLIED = Counter(
    "kip_events_applied_total", "Events taken from the queue, by kind and outcome", ("kind", "outcome")
)
APPLY_LAG = Histogram("kip_apply_lag_seconds", "From acceptance at the door to the commit of the figures", buckets=_LAG)
BATCH_EVENTS = Histogram("kip_batch_events", "Events in one aggregation transaction", buckets=_SIZE)
FLUSH_SECONDS = Histogram("kip_flush_seconds", "Time of one aggregation transaction", buckets=_FAST)
SPOOL_EVENTS = Gauge("kip_spool_events", "Events that wait in the spool for the broker")
DEAD_EVENTS = Gauge("kip_dead_events", "Events that could not be applied and wait for a person", ("service",))
DRIFT_CELLS = Gauge("kip_drift_cells", "Cells that differ from a recompute of the ledger (should be 0)")
OBLIGATIONS = Gauge(
    "kip_obligations",
    "Obligations by programme, report, level and state",
    ("programme", "report", "level", "state"),
)
CURRENT_OBLIGATIONS = Gauge(
    "kip_current_obligations",
    "Obligations of each report's latest period whose deadline has passed, by programme, report, level and state",
    ("programme", "report", "level", "state"),
)
UNADDRESSED_ALERTS = Gauge(
    "kip_unaddressed_alerts",
    "Alerts about what is unfinished for which nobody is registered, by programme and level of the unit",
    ("programme", "level"),
)
ALERTS = Counter("kip_alerts_total", "Alerts by channel, step and outcome", ("channel", "step", "outcome"))
OLDEST_UNDELIVERED_ALERT = Gauge(
    "kip_oldest_undelivered_alert_seconds", "Age of the oldest alert that was queued and is not delivered"
)
SWEEP_LAST_SUCCESS = Gauge(
    "kip_sweep_last_success_timestamp_seconds", "When the last sweep ended well (Unix time, the machine's clock)"
)
HTTP_REQUESTS = Counter("kip_http_requests_total", "Requests by endpoint and answer", ("route", "status"))
HTTP_SECONDS = Histogram("kip_http_request_seconds", "From request to answer, by endpoint", ("route",), buckets=_FAST)
HTTP_CONNECTIONS = Gauge("kip_http_connections", "Connections of clients that are open")
HTTP_REFUSED = Counter(
    "kip_http_refused_total", "Requests refused, and connections ended, before an application answered", ("reason",)
)
DATABASE_CONNECTIONS = Gauge("kip_database_connections", "Connections of all clients to the database server")
DATABASE_CONNECTIONS_ALLOWED = Gauge("kip_database_connections_allowed", "The server's max_connections")
DATABASE_OLDEST_TRANSACTION = Gauge(
    "kip_database_oldest_transaction_seconds", "Age of the oldest transaction that a client of ours holds open"
)
DATABASE_BYTES = Gauge("kip_database_bytes", "Size of the database on disk")
CHANNEL_AWAY_SECONDS = Gauge(
    "kip_channel_away_seconds", "For how long no message has reached the channel's provider", ("channel",)
)
MAIL_BOUNCES = Gauge("kip_mail_bounces", "Mails that came back, by what became of each, since ever", ("outcome",))
DEAD_ADDRESSES = Gauge("kip_dead_addresses", "Officers' addresses of e-mail that take no mail")
# By a label, so that they are there only where Zalo is used. Each replica says the same: what the database holds.
ZALO_TOKEN_SECONDS = Gauge("kip_zalo_token_seconds", "For how long Zalo's access token is still good", ("app",))
ZALO_REFRESH_TOKEN_SECONDS = Gauge(
    "kip_zalo_refresh_token_seconds", "For how long Zalo's refresh token is still good", ("app",)
)
ZALO_TOKEN_LOST = Gauge(
    "kip_zalo_token_lost", "1 where Zalo takes the refresh token no more and a person must give another", ("app",)
)
ZALO_TEMPLATE_USABLE = Gauge(
    "kip_zalo_template_usable", "1 while Zalo has the template enabled and it has our parameters, else 0", ("template",)
)
ZALO_QUOTA_DAILY = Gauge("kip_zalo_quota_daily", "Messages a day that Zalo allows", ("template",))
ZALO_QUOTA_REMAINING = Gauge("kip_zalo_quota_remaining", "Messages that Zalo still allows today", ("template",))
TASK_RESTARTS = Counter("kip_task_restarts_total", "Background tasks that ended and were started again", ("task",))
TASK_UP = Gauge("kip_task_up", "1 while the background task runs, else 0", ("task",))
REFUSED_TOTAL = Counter(
    "kip_refused_total", "Attempts at work that must be done which failed and are repeated", ("work", "reason")
)
REFUSED_SECONDS = Gauge("kip_refused_seconds", "For how long work that must be done has been refused", ("work",))
SERVICE_UP = Gauge("kip_service_up", "1 while the other service answers the board, else 0", ("service",))
UNACCOUNTED = Counter(
    "kip_unaccounted_messages_total",
    "Messages that reached the broker and were not applied although their queue had moved past them, by what became",
    ("outcome",),
)
AUDIT_POSITION = Gauge(
    "kip_audit_position_seconds", "Since when the account has not been held against all that the journal had by then"
)
JOURNAL_OLDEST = Gauge(
    "kip_journal_oldest_timestamp_seconds", "Of when the journal's oldest entry is (Unix time)", ("journal",)
)
# By a label, so that it is there only once a backup was made.
BACKUP = Gauge("kip_backup_timestamp_seconds", "Of when the last backup is (Unix time)", ("database",))
JOURNAL_GAPS = Counter(
    "kip_journal_gaps_total", "Times that the journal was not what it was when it was last read, by how", ("gap",)
)
DEPENDENCY_UP = Gauge("kip_dependency_up", "1 where /readyz finds the dependency good, else 0", ("dependency",))
