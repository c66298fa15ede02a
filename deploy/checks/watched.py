"""Every metric that a rule or a dashboard names must exist and be set, and every alert must have a page and cases.

`python -m deploy.checks.watched` prints one line a fault and exits with 1 if there is any. That promtool accepts the
rules and that the cases hold is a test of its own (tests/deploy), because it needs Prometheus.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

from deploy.checks.report import report
from shared.runtime import metrics

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
CASES = ROOT / "deploy" / "prometheus" / "tests"
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
# What others export. tests/deploy asks a real RabbitMQ with its Prometheus plugin for its own.
PROMETHEUS = frozenset({"up", "ALERTS"})
RABBITMQ = frozenset(
    {
        "rabbitmq_alarms_memory_used_watermark",
        "rabbitmq_alarms_free_disk_space_watermark",
        "rabbitmq_detailed_queue_messages",
        "rabbitmq_detailed_queue_messages_ready",
        "rabbitmq_detailed_queue_consumers",
    }
)


def read_rules() -> list[dict[str, Any]]:
    """Read every rule of every group."""
    yaml = YAML(typ="safe")
    groups = [group for path in sorted(RULES.glob("*.yml")) for group in yaml.load(path)["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[tuple[str, str]]:
    """List (where, PromQL) of every rule and every panel."""
    found = [(rule.get("alert") or rule["record"], str(rule["expr"])) for rule in read_rules()]
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            found += [(f"{path.name} {panel['title']}", target["expr"]) for target in panel.get("targets", [])]
    return found


def metrics_in(expression: str) -> set[str]:
    """List the metrics that a PromQL expression reads. Raises ValueError where it can't be parsed."""
    names: set[str] = set()

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            names.add(node.name)
        elif isinstance(node, promql_parser.MatrixSelector) and node.vector_selector.name:
            names.add(node.vector_selector.name)
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return names


def exported() -> set[str]:
    """List the series that our services export."""
    names: set[str] = set()
    for family in REGISTRY.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        names |= {family.name + suffix for suffix in suffixes}
    return names


def unset() -> list[str]:
    """List the metrics of shared/runtime/metrics.py that no service touches: they would read 0 for ever."""
    files = [path for folder in ("services", "shared") for path in sorted((ROOT / folder).rglob("*.py"))]
    files.remove(ROOT / "shared/runtime/metrics.py")
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = [name for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)]
    return [name for name in named if not re.search(rf"\b{name}\b", code)]


def faults() -> Iterator[str]:
    """Find names that nobody exports, alerts without a page, or without a case that fires and one that doesn't."""
    rules = read_rules()
    known = exported() | PROMETHEUS | RABBITMQ | {rule["record"] for rule in rules if "record" in rule}
    for where, expression in expressions():
        yield from (f"{where}: nobody exports {name}" for name in sorted(metrics_in(expression) - known))
    yield from (f"{name}: no code sets it" for name in unset())
    fires, silent = _cases()
    for rule in rules:
        alert = rule.get("alert")
        if alert is None:
            continue
        if not (ROOT / rule["annotations"]["runbook_url"]).is_file():
            yield f"{alert}: there is no page {rule['annotations']['runbook_url']}"
        if alert not in fires or alert not in silent:
            yield f"{alert}: lacks a case that fires, or one that does not"


def _cases() -> tuple[set[str], set[str]]:
    fires: set[str] = set()
    silent: set[str] = set()
    for path in sorted(CASES.glob("*.yml")):
        for test in YAML(typ="safe").load(path)["tests"]:
            for case in test["alert_rule_test"]:
                (fires if case["exp_alerts"] else silent).add(case["alertname"])
    return fires, silent


def main() -> int:
    return report(faults())


if __name__ == "__main__":
    sys.exit(main())
