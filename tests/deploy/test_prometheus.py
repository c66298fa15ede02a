"""The rules hold, and a real Prometheus finds in the running system what rules and dashboards name."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest
from ruamel.yaml import YAML

from deploy.checks import watched
from deploy.local.ports import LOOPBACK
from deploy.local.prometheus import Prometheus
from deploy.local.prometheus_package import program
from deploy.local.stack import LocalStack
from tests.conftest import NewDatabase
from tests.deploy.conftest import FullBroker
from tests.system import ROOT, System, access

FOLDER = ROOT / "deploy" / "prometheus"
PORTS = {
    "intake": "intake:8080", "aggregation": "aggregation:8081", "notifications": "notifications:8082",
    "board": "board:8083",
}  # fmt: skip


def promtool(*words: str) -> str:
    done = subprocess.run(
        [str(program("promtool", print)), *words], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def paths(files: Iterator[Path]) -> Sequence[str]:
    found = sorted(str(path) for path in files)
    assert found
    return found


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    promtool("check", "config", str(FOLDER / "prometheus.yml"))


def test_every_case_of_every_alert_holds() -> None:
    promtool("test", "rules", *paths((FOLDER / "tests").glob("*.yml")))


def test_a_rule_that_names_a_metric_that_nobody_exports_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "expressions", lambda: [("here", "rate(kip_nonsense_total[5m]) > kip_spool_events")])
    assert list(watched.faults()) == ["here: nobody exports kip_nonsense_total"]


@pytest.fixture(scope="module")
def watched_system(
    stack: LocalStack,
    full_broker: FullBroker,
    session_database: NewDatabase,
    district_template: str,
) -> Iterator[System]:
    names = ("intake", "aggregation", "notifications", "board")
    running = System(stack, full_broker.amqp_url, session_database(district_template), names)
    yield running
    running.services.stop()


@pytest.fixture(scope="module")
def prometheus(
    watched_system: System, full_broker: FullBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """The shipped configuration, with the addresses of this run and less patience."""
    yaml = YAML()
    configuration = yaml.load(FOLDER / "prometheus.yml")
    here = {usual: watched_system.services.url(name).removeprefix("http://") for name, usual in PORTS.items()}
    here["rabbitmq:15692"] = f"{LOOPBACK}:{full_broker.prometheus_port}"
    for job in configuration["scrape_configs"]:
        job["static_configs"] = [{"targets": [here[job["static_configs"][0]["targets"][0]]]}]
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"] = [str(FOLDER / "rules" / "*.yml")]
    configuration.pop("alerting")
    folder = tmp_path_factory.mktemp("prometheus")
    yaml.dump(configuration, folder / "prometheus.yml")
    with LocalStack(folder, amqp_url="", database_url="", smtp_url="", usual_ports=False) as own:
        running = Prometheus(own.supervisor, folder / "prometheus.yml")
        running.start()
        yield running


def test_prometheus_reaches_every_service_and_the_broker(prometheus: Prometheus, watched_system: System) -> None:
    jobs = {"kip-intake", "kip-aggregation", "kip-notifications", "kip-board", "rabbitmq", "rabbitmq-queues"}

    def up() -> set[str]:
        found = prometheus.ask("query", query="up == 1")["result"]
        return {series["metric"]["job"] for series in found}

    watched_system.wait_until(lambda: up() == jobs, f"all of {jobs} are scraped")


def test_every_metric_that_rules_and_dashboards_name_is_exported_by_somebody_who_runs(
    prometheus: Prometheus, watched_system: System
) -> None:
    wanted = {name for _, expression in watched.expressions() for name in watched.metrics_in(expression)}
    wanted -= watched.PROMETHEUS | {rule["record"] for rule in watched.read_rules() if "record" in rule}
    families = {name: name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in wanted}

    def missing() -> set[str]:
        known = set(prometheus.ask("metadata"))
        return {name for name, family in families.items() if not {name, family, name.removesuffix("_total")} & known}

    watched_system.wait_until(lambda: not missing(), f"{missing()} are exported")


def test_what_is_posted_shows_in_the_recorded_series_and_no_rule_fails(
    prometheus: Prometheus, watched_system: System
) -> None:
    assert watched_system.post([access(numerator=400)]).status_code == 202
    accepted = 'kip_events_received_total{kind="indicator.reported",outcome="accepted"}'
    requests = 'kip_http_requests_total{job="kip-intake",route="/v1/events",status="202"}'
    lag = "kip_apply_lag_seconds_count > 0"
    good = 'kip_dependency_up{job="kip-aggregation",dependency="database"} == 1'
    swept = 'kip_sweep_last_success_timestamp_seconds{job="kip-notifications"} > 0'
    consumers = 'rabbitmq_detailed_queue_consumers{queue="kip.aggregation.0"} == 1'
    recorded = 'kip:events_received:rate5m{outcome="accepted"}'
    room = "kip_database_connections > 0 and kip_database_connections < kip_database_connections_allowed"
    size = "kip_database_bytes > 1000000"
    for query in (accepted, requests, lag, good, swept, consumers, recorded, room, size):
        watched_system.wait_until(lambda query=query: bool(prometheus.ask("query", query=query)["result"]), query)  # type: ignore[misc]
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == len(watched.read_rules())
    assert {rule["lastError"] for rule in rules if "lastError" in rule} == set()


async def test_a_transaction_that_is_left_open_is_seen(prometheus: Prometheus, watched_system: System) -> None:
    connection = await asyncpg.connect(watched_system.database_url)
    async with connection.transaction():
        await connection.fetchval("SELECT 1")
        old = "kip_database_oldest_transaction_seconds > 5"
        watched_system.wait_until(lambda: bool(prometheus.ask("query", query=old)["result"]), "its age is exported")
    await connection.close()


def test_the_recorded_pages_are_where_the_alerts_say() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "operate" / "alerts").glob("*.md")}
    alerts = {rule["alert"] for rule in watched.read_rules() if "alert" in rule}
    assert pages == alerts


def test_a_machine_without_prometheus_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Exception, match="apt-get install prometheus"):
        program("promtool", print)
