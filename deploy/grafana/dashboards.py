"""Grafana's dashboards as data: each a list of rows, each row a list of panels that share its width."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 24, 8  # Grafana's grid
SOURCE = {"type": "prometheus", "uid": "prometheus"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph or number. `queries` are (expression, legend); `unit` is Grafana's; `bad_from` colours it red."""

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    kind: str = "timeseries"
    description: str = ""
    bad_from: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page: `rows` are (title, panels)."""

    uid: str
    title: str
    rows: Sequence[tuple[str, Sequence[Panel]]]


def number(title: str, query: str, unit: str = "short", bad_from: float | None = None, description: str = "") -> Panel:
    """Make a panel that shows one number."""
    return Panel(title, [(query, "")], unit, "stat", description, bad_from)


_INTAKE = [
    Panel("Events at the door, a second", [("kip:events_received:rate5m", "{{kind}} {{outcome}}")], "ops"),
    Panel("Answers, a second", [('kip:http_requests:rate5m{job="kip-intake"}', "{{route}} {{status}}")], "reqps"),
    Panel("Time to answer, p99", [('kip:http_request_seconds:p99{job="kip-intake"}', "{{route}}")], "s"),
    Panel("Spool", [("max(kip_spool_events)", "events that wait for the broker")]),
]
_AGGREGATION = [
    Panel(
        "Events applied, a second",
        [('kip:events_applied:rate5m{job="kip-aggregation"}', "{{kind}} {{outcome}}")],
        "ops",
    ),
    Panel(
        "From acceptance to the figures",
        [("kip:apply_lag_seconds:p50", "p50"), ("kip:apply_lag_seconds:p99", "p99")],
        "s",
        bad_from=15,
    ),
    Panel("One transaction, p99", [("kip:flush_seconds:p99", "seconds")], "s"),
    Panel("Events in a transaction, mean", [("kip:batch_events:mean", "events")]),
]
_FIGURES = [
    number("Dead events", "sum(max by (service) (kip_dead_events))", bad_from=1),
    number("Cells that drift", "max(kip_drift_cells)", bad_from=1),
    Panel("Time to answer, p99", [('kip:http_request_seconds:p99{job="kip-aggregation"}', "{{route}}")], "s"),
]
_NOTIFICATIONS = [
    number(
        "Since the last sweep",
        'time() - max(kip_sweep_last_success_timestamp_seconds{job="kip-notifications"})',
        "s",
        bad_from=300,
    ),
    number("Oldest undelivered alert", "max(kip_oldest_undelivered_alert_seconds)", "s", bad_from=900),
    Panel("Alerts, a second", [("kip:alerts:rate5m", "{{channel}} {{outcome}}")], "ops"),
]
_BOARD = [
    Panel("Answers, a second", [('kip:http_requests:rate5m{job="kip-board"}', "{{route}} {{status}}")], "reqps"),
    Panel("Time to answer, p99", [('kip:http_request_seconds:p99{job="kip-board"}', "{{route}}")], "s"),
    Panel("Services that answer it (1: yes)", [("max by (service) (kip_service_up)", "{{service}}")]),
]
_BROKER = [
    Panel("Messages that wait", [('rabbitmq_detailed_queue_messages_ready{queue=~"kip[.].+"}', "{{queue}}")]),
    Panel("Consumers", [('rabbitmq_detailed_queue_consumers{queue=~"kip[.].+"}', "{{queue}}")]),
    Panel("Dependencies (1: good)", [("min by (job, dependency) (kip_dependency_up)", "{{job}} {{dependency}}")]),
]
_DATABASE = [
    Panel(
        "Connections",
        [("max(kip_database_connections)", "taken"), ("max(kip_database_connections_allowed)", "allowed")],
    ),
    Panel("Oldest open transaction", [("max(kip_database_oldest_transaction_seconds)", "age")], "s", bad_from=3600),
    Panel("Size on disk", [("max(kip_database_bytes)", "database")], "bytes"),
]

OVERVIEW = Dashboard(
    "kip-overview",
    "Kịp: overview",
    [
        (
            "The flow, left to right",
            [
                number("Accepted, a second", 'sum(kip:events_received:rate5m{outcome="accepted"})', "ops"),
                number("Spool", "max(kip_spool_events)", bad_from=1000),
                number(
                    "Waiting in queues", 'sum(rabbitmq_detailed_queue_messages_ready{queue=~"kip[.].+"})', bad_from=1000
                ),
                number(
                    "Applied, a second",
                    'sum(kip:events_applied:rate5m{job="kip-aggregation",outcome="applied"})',
                    "ops",
                ),
                number("Figures follow in (p99)", "kip:apply_lag_seconds:p99", "s", bad_from=15),
                number("Undelivered alert", "max(kip_oldest_undelivered_alert_seconds)", "s", bad_from=900),
            ],
        ),
        (
            "Promises",
            [
                number(
                    "Posts that fail, last hour", 'kip:intake_errors:ratio{window="1h"}', "percentunit", bad_from=0.0144
                ),
                number(
                    "Batches past a second, last hour",
                    'kip:late_batches:ratio{window="1h"}',
                    "percentunit",
                    bad_from=0.144,
                ),
                number("Cells that drift", "max(kip_drift_cells)", bad_from=1),
                number("Dead events", "sum(max by (service) (kip_dead_events))", bad_from=1),
                number("Alerts firing", 'sum(ALERTS{alertname=~"Kip.+",alertstate="firing"}) or vector(0)', bad_from=1),
            ],
        ),
        ("Intake", _INTAKE),
        ("Aggregation", _AGGREGATION),
        ("", _FIGURES),
        ("Notifications", _NOTIFICATIONS),
        ("Board", _BOARD),
        ("RabbitMQ and what the services see", _BROKER),
        ("PostgreSQL", _DATABASE),
    ],
)
PROGRESS = Dashboard(
    "kip-progress",
    "Kịp: programme progress",
    [
        (
            "Who has reported",
            [
                Panel(
                    "Overdue, of what was due in the latest period",
                    [("kip:overdue:ratio", "{{programme}} {{report}} {{level}}")],
                    "percentunit",
                    bad_from=0.5,
                ),
                Panel("Open", [('kip:obligations:count{state="open"}', "{{programme}} {{report}} {{level}}")]),
            ],
        ),
        (
            "In time and late",
            [
                Panel("Met in time", [('kip:obligations:count{state="met"}', "{{programme}} {{report}} {{level}}")]),
                Panel("Met late", [('kip:obligations:count{state="late_met"}', "{{programme}} {{report}} {{level}}")]),
                Panel(
                    "Overdue now", [('kip:obligations:count{state="overdue"}', "{{programme}} {{report}} {{level}}")]
                ),
            ],
        ),
        (
            "Officers told",
            [
                Panel("Alerts by step, a day", [("sum by (step) (increase(kip_alerts_total[1d]))", "{{step}}")]),
                Panel("Alerts that found no officer", [("kip:unaddressed_alerts:count", "{{programme}} {{level}}")]),
                Panel(
                    "Reports taken, a day",
                    [
                        (
                            'sum(increase(kip_events_received_total{kind="report.submitted",outcome="accepted"}[1d]))',
                            "reports",
                        )
                    ],
                ),
            ],
        ),
    ],
)
DASHBOARDS = {"overview.json": OVERVIEW, "progress.json": PROGRESS}


def as_json(dashboard: Dashboard) -> str:
    """Write the file that Grafana's provisioning takes."""
    page = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["kip"],
        "schemaVersion": 41,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "Asia/Ho_Chi_Minh",
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": list(_panels(dashboard)),
    }
    return json.dumps(page, ensure_ascii=False, indent=1) + "\n"


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    top = identity = 0
    for title, panels in dashboard.rows:
        if title:
            identity += 1
            place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
            yield {"id": identity, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
            top += 1
        width = WIDTH // len(panels)
        height = HEIGHT // 2 if all(panel.kind == "stat" for panel in panels) else HEIGHT
        for column, panel in enumerate(panels):
            identity += 1
            place = {"h": height, "w": width, "x": column * width, "y": top}
            yield _panel(panel, identity, place)
        top += height


def _panel(panel: Panel, identity: int, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad_from is not None:
        steps.append({"color": "red", "value": panel.bad_from})
    defaults = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "stat":
        options: dict[str, Any] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "area"}
    else:
        options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    return {
        "id": identity,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": query, "legendFormat": legend or "__auto"}
            for index, (query, legend) in enumerate(panel.queries)
        ],
    }
