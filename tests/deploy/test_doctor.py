"""`kip doctor` against the real thing, whole and broken."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import aio_pika
import asyncpg
import pytest

from cli.management import usual_url
from deploy.local.http import LOCAL
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.stack import LocalStack
from shared.runtime.clock import SystemClock
from tests.conftest import NewDatabase
from tests.deploy.conftest import DurableServer, FullBroker
from tests.forks import run_kip
from tests.system import ROOT, System

Findings = dict[str, list[dict[str, Any]]]


def doctor(environment: Mapping[str, str]) -> tuple[int, Findings]:
    """The exit code, and what was found, by check."""
    done = run_kip("doctor", "--json", environment=environment)
    assert done.stdout, done.stderr
    answer = json.loads(done.stdout)
    assert answer["healthy"] == (done.returncode == 0)
    found: Findings = {}
    for finding in answer["findings"]:
        assert (finding["cure"] is None) == (finding["state"] == "good")
        found.setdefault(finding["check"], []).append(finding)
    return done.returncode, found


def states(findings: Findings) -> dict[str, set[str]]:
    return {check: {finding["state"] for finding in items} for check, items in findings.items()}


def only_bad(findings: Findings) -> dict[str, str]:
    return {check: item["seen"] for check, items in findings.items() for item in items if item["state"] == "bad"}


@pytest.fixture(scope="module")
def whole(stack: LocalStack, full_broker: FullBroker, durable: DurableServer) -> Iterator[System]:
    """All services on servers as they are deployed."""
    names = ("intake", "aggregation", "notifications", "board")
    settings = {"KIP_AMQP_MANAGEMENT_URL": full_broker.management_url}
    running = System(stack, full_broker.amqp_url, durable.server.url, names, settings)
    # The board, started beside the others, may have asked them before they listened: it asks again in a moment.
    seen = f"{running.services.url('board')}/readyz"
    running.wait_until(lambda: set(LOCAL.get(seen).json()["services"].values()) == {"ok"}, "the board sees the others")
    yield running
    running.services.stop()


def test_a_system_that_runs_is_found_healthy(whole: System) -> None:
    # the management plugin learns of a new queue's policy within its interval, 5 s
    policies_known = lambda: states(doctor(whole.environment)[1])["broker.policies"] == {"good"}  # noqa: E731
    whole.wait_until(policies_known, "the policies of the new queues are known")
    code, found = doctor(whole.environment)
    assert only_bad(found) == {}
    assert code == 0
    seen = states(found)
    assert {"broker.version", "broker.alarms", "broker.queue", "broker.policies", "database.version"} <= seen.keys()
    assert {"database.migrations", "registry", "clock", "time_zones", "mail", "notifications.messages"} <= seen.keys()
    assert seen["broker.queue"] == {"good"}
    assert seen["board"] == {"good"}
    assert seen["broker.policies"] == {"good"}
    assert seen["clock.simulated"] == {"unsure"}
    assert re.fullmatch(
        r"the run's clock is simulated, [\d,]+ days and \d+ hours behind the machine's",
        found["clock.simulated"][0]["seen"],
    )
    assert seen["registry.officers"] == {"unsure"}


def test_without_json_it_prints_a_table_with_the_cures(whole: System) -> None:
    done = run_kip("doctor", environment={**whole.environment, "COLUMNS": "300"})
    assert done.returncode == 0
    assert "kip officer import FILE" in done.stdout


def test_a_server_that_may_lose_what_was_promised_is_refused(whole: System, loaded_database: str) -> None:
    code, found = doctor({**whole.environment, "KIP_DATABASE_URL": loaded_database})
    assert code == 1
    said = {item["seen"].partition(":")[0] for item in found["database.settings"] if item["state"] == "bad"}
    assert said == {"fsync = off", "full_page_writes = off"}


def test_a_queue_that_nobody_reads_is_named(whole: System) -> None:
    whole.services.stop("notifications")
    try:
        seen = f"{whole.services.url('board')}/readyz"
        whole.wait_until(lambda: LOCAL.get(seen).json()["services"]["notifications"] != "ok", "the board sees it")
        code, found = doctor(whole.environment)
        assert code == 1
        assert set(only_bad(found)) == {"broker.queue", "board.services"}
        assert "notifications: http" in only_bad(found)["board.services"]
        named = [item for item in found["broker.queue"] if item["state"] == "bad"]
        assert {item["seen"].split(" (")[0] for item in named} == {
            "nobody takes from kip.notifications",
            "nobody takes from kip.alerts",
        }
        assert all("start notifications" in item["cure"] for item in named)
    finally:
        whole.services.start("notifications")
        whole.wait_until(lambda: whole.metric("board", "kip_service_up") == 3, "the board sees it again")


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        (lambda _: {"KIP_PARTITIONS": "3"}, "broker.partitions", "beyond KIP_PARTITIONS=3"),
        (lambda _: {"KIP_SMTP_URL": f"smtp://{LOOPBACK}:{free_port()}"}, "mail", "does not answer"),
        (lambda _: {"KIP_BOARD_URL": f"http://{LOOPBACK}:{free_port()}"}, "board", "does not answer"),
        (lambda _: {"KIP_AMQP_URL": f"amqp://kip:x@{LOOPBACK}:{free_port()}/"}, "broker.connection", "does not answer"),
        (
            lambda url: {"KIP_AMQP_URL": url.replace("kip:", "kip:wrong", 1)},
            "broker.connection",
            "refuses the user or password",
        ),
        (
            lambda _: {"KIP_DATABASE_URL": f"postgresql://kip:x@{LOOPBACK}:{free_port()}/kip"},
            "database.connection",
            "does not answer",
        ),
        (
            lambda _: {"KIP_AMQP_MANAGEMENT_URL": f"http://kip:wrong@{LOOPBACK}:{free_port()}"},
            "broker.management",
            "does not answer",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    whole: System, full_broker: FullBroker, change: Callable[[str], dict[str, str]], check: str, said: str
) -> None:
    code, found = doctor({**whole.environment, **change(full_broker.amqp_url)})
    assert code == 1
    assert said in only_bad(found)[check]


def test_an_empty_broker_and_an_empty_database_lack_everything(
    whole: System, amqp_url: str, new_database: NewDatabase
) -> None:
    environment = {**whole.environment, "KIP_AMQP_URL": amqp_url, "KIP_DATABASE_URL": new_database()}
    code, found = doctor(environment)
    assert code == 1
    assert found["database.migrations"][0]["cure"] == "kip migrate"
    missing = [item["seen"] for item in found["broker.queue"]]
    assert missing == [f"there is no queue {name}" for name in QUEUES]
    assert states(found)["broker.exchange"] == {"bad"}


QUEUES = (*(f"kip.aggregation.{number}" for number in range(4)), "kip.notifications", "kip.alerts")


async def test_a_migration_that_was_changed_or_is_missing_is_named(whole: System, loaded_database: str) -> None:
    connection = await asyncpg.connect(loaded_database)
    await connection.execute("UPDATE kip_migration SET digest = 'x' WHERE name = '0001_registry.sql'")
    _, found = doctor({**whole.environment, "KIP_DATABASE_URL": loaded_database})
    assert found["database.migrations"][0]["seen"] == "applied with another text: 0001_registry.sql"
    await connection.execute("DELETE FROM kip_migration WHERE name = '0001_registry.sql'")
    _, found = doctor({**whole.environment, "KIP_DATABASE_URL": loaded_database})
    assert found["database.migrations"][0]["seen"] == "not applied: 0001_registry.sql"
    await connection.close()


async def test_events_that_died_are_counted(whole: System, loaded_database: str) -> None:
    connection = await asyncpg.connect(loaded_database)
    await connection.execute(
        "INSERT INTO aggregation.dead (reason, kind, event, died_at) VALUES ('test', 'x', '{}', now())"
    )
    await connection.close()
    _, found = doctor({**whole.environment, "KIP_DATABASE_URL": loaded_database})
    assert found["aggregation.dead"][0]["state"] == "unsure"
    assert found["aggregation.dead"][0]["seen"] == "1 events that could not be applied"


async def test_messages_that_got_lost_are_counted_and_an_audit_that_stands_still_is_named(
    whole: System, loaded_database: str
) -> None:
    connection = await asyncpg.connect(loaded_database)
    await connection.execute("""
        INSERT INTO notifications.applied_message (message, outcome)
        SELECT gen_random_uuid(), outcome
        FROM unnest('{applied,undecodable,republished,republished,lost,given_up}'::text[]) AS outcome""")
    await connection.execute("UPDATE notifications.audit SET looked_at = now()")
    await connection.execute("UPDATE aggregation.audit SET looked_at = now() - interval '20 minutes'")
    await connection.close()
    _, found = doctor({**whole.environment, "KIP_DATABASE_URL": loaded_database})
    assert [finding["seen"] for finding in found["audit.lost"]] == [
        "notifications: 2 messages of the last days got lost, and could not be published again"
    ]
    behind, goes_on = found["audit"]
    assert "20 minutes ago" in behind["seen"]
    assert "2 messages of the last days had got lost, and were published again" in goes_on["seen"]


async def test_agencies_that_owe_and_have_no_officer_are_named(whole: System, loaded_database: str) -> None:
    environment = {**whole.environment, "KIP_DATABASE_URL": loaded_database}
    connection = await asyncpg.connect(loaded_database)
    ahead = datetime(2025, 8, 1, 5, tzinfo=UTC) - SystemClock().now()  # a run of that day: there are no districts
    await connection.execute("INSERT INTO registry.clock (ahead) VALUES ($1)", ahead)
    everybody = doctor(environment)[1]["registry.officers"][0]
    assert "ubnd-tinh at Thành phố Hà Nội (01@2)" in everybody["names"]
    await connection.execute(
        """INSERT INTO registry.officer (name, role, unit, agency, channels, language)
           SELECT 'A', 'x', uid, agency, '{email:a@kip.invalid}', 'vi'
           FROM registry.unit, unnest($1::text[]) AS agency
           WHERE valid_to IS NULL AND (uid <> '01@2' OR agency <> 'ubnd-tinh')""",
        sorted({name.partition(" ")[0] for name in everybody["names"]}),
    )
    await connection.close()
    one = doctor(environment)[1]["registry.officers"][0]
    assert (one["state"], one["names"]) == ("unsure", ["ubnd-tinh at Thành phố Hà Nội (01@2)"])
    assert one["seen"].endswith("agencies that owe a report have no officer: ubnd-tinh at Thành phố Hà Nội (01@2)")


async def test_an_old_register_is_named(whole: System, loaded_database: str) -> None:
    connection = await asyncpg.connect(loaded_database)
    await connection.execute("UPDATE registry.loaded SET loaded_at = now() - interval '400 days' WHERE name = 'units'")
    await connection.close()
    _, found = doctor({**whole.environment, "KIP_DATABASE_URL": loaded_database})
    assert found["registry"][0]["state"] == "unsure"
    assert found["registry"][0]["seen"].endswith("over a year ago")


async def test_a_queue_that_somebody_declared_otherwise_is_named(whole: System, amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        await (await connection.channel()).declare_queue("kip.alerts", durable=True)
    _, found = doctor({**whole.environment, "KIP_AMQP_URL": amqp_url})
    assert any(item["seen"].startswith("kip.alerts has other arguments") for item in found["broker.queue"])


def test_queues_and_a_journal_without_their_policy_are_named(whole: System, full_broker: FullBroker) -> None:
    policies = json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text())["policies"]
    address = f"{full_broker.management_url}/api/queues/%2F"

    def in_force() -> bool:  # the management plugin learns of a change within its interval, 5 s
        return any(LOCAL.get(f"{address}/{name}").json().get("policy") for name in ("kip.alerts", "kip.journal"))

    for policy in policies:
        full_broker.server.evaluate(f'rabbit_policy:delete(<<"/">>, <<"{policy["name"]}">>, <<"kip">>).')
    try:
        whole.wait_until(lambda: not in_force(), "the policies are gone")
        _, found = doctor(whole.environment)
        assert states(found)["broker.policies"] == {"unsure"}
        assert "max-length-bytes" in found["broker.policies"][0]["seen"]
        assert found["broker.policies"][-1]["seen"] == "kip.journal: no policy sets max-age, max-length-bytes"
    finally:
        definitions = json.dumps(json.dumps({"policies": policies}))  # twice: an Erlang string is written like JSON's
        full_broker.server.evaluate(f"rabbit_definitions:import_raw(<<{definitions}>>).")
        whole.wait_until(in_force, "the policy is back")


@pytest.mark.parametrize(
    ("amqp_url", "expected"),
    [
        ("amqp://kip:p%40ss@broker:5672/", "http://kip:p%40ss@broker:15672"),
        ("amqps://kip:x@broker/kip", "https://kip:x@broker:15671"),
        ("amqp://broker", "http://broker:15672"),
    ],
)
def test_the_management_api_is_looked_for_beside_the_broker(amqp_url: str, expected: str) -> None:
    assert usual_url(amqp_url) == expected


def test_a_memory_alarm_is_noticed(whole: System, full_broker: FullBroker) -> None:
    full_broker.server.set_memory_alarm(on=True)
    try:
        _, found = doctor(whole.environment)
        assert "broker.alarms" in only_bad(found)
    finally:
        full_broker.server.set_memory_alarm(on=False)
