"""Submissions while database or broker are away: none is lost, none is thrown away, nobody is accused meanwhile."""

import asyncio
import json

import aio_pika
import asyncpg
import pytest

from shared.broker import topology
from tests.system import ROOT, System, event, kip

COMMUNES = [
    fields[1]
    for fields in (line.split(",") for line in (ROOT / "data" / "units.csv").read_text("utf-8").splitlines())
    if fields[5] == "186@1"
]
OFFICERS = """name,role,unit,agency,channels,language
An,Chủ tịch,06412,ubnd-xa,email:an@example.vn,vi
Cúc,Chủ tịch,06427,ubnd-xa,email:cuc@example.vn,vi
"""


@pytest.fixture
def system(stack, postgres, rabbitmq, amqp_url, district_database, tmp_path):
    """Intake and notifications in Hữu Lũng, with two officers, from the first day of 2023-Q1 on."""
    settings = {"KIP_CLOCK": "2022-12-15T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "0.5"}
    running = System(stack, amqp_url, district_database, names=("intake", "notifications"), settings=settings)
    officers = tmp_path / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    kip("officer", "import", str(officers), environment=running.environment)
    yield running
    postgres.start()
    rabbitmq.start()
    running.services.stop()


def submitted(code):
    data = {"report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1"}
    return event("report.submitted", code, data)


def tick(system, now, **options):
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    rows = json.loads(kip("tick", "--now", f"{now}+07:00", "--json", *words, environment=system.environment))["alerts"]
    return sorted((row["step"], row["officer"]) for row in rows if row["officer"])


def rows(system, sql):
    async def ask():
        connection = await asyncpg.connect(system.database_url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def waiting(system, queue):
    """How many messages lie ready in a queue."""

    async def ask():
        async with await aio_pika.connect(system.amqp_url) as connection:
            channel = await connection.channel()
            return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count

    return asyncio.run(ask())


MET = "SELECT unit, met_at <= due_at FROM notifications.obligation WHERE state = 'met' ORDER BY unit"


def test_submissions_that_come_while_the_database_is_away_are_neither_lost_nor_dead_lettered(system, postgres):
    tick(system, "2023-03-16T09:00:00")
    assert len(COMMUNES) == 23
    for first in range(0, 23, 8):
        postgres.kill()
        for code in COMMUNES[first : first + 8]:  # one message each: they wait in the consumer's hands and in the queue
            assert system.post([submitted(code)]).status_code == 202
        postgres.start()
        done = min(first + 8, 23)
        system.wait_until(lambda done=done: len(rows(system, MET)) == done, f"{done} obligations are met")
    assert {on_time for _, on_time in rows(system, MET)} == {True}
    assert rows(system, "SELECT count(*), count(DISTINCT id) FROM notifications.answer") == [(23, 23)]
    assert waiting(system, topology.DEAD) == 0
    assert waiting(system, topology.NOTIFICATIONS.name) == 0
    system.services.check_alive()
    assert tick(system, "2023-03-17T08:00:00") == []


def test_nobody_is_accused_while_the_spool_holds_what_was_accepted_in_time(system, rabbitmq):
    assert tick(system, "2023-03-15T08:00:00") == [("reminder", "An"), ("reminder", "Cúc")]
    tick(system, "2023-03-16T16:50:00")
    rabbitmq.kill()
    system.wait_until(lambda: system.post([submitted("06412")]).json().get("accepted") == 1, "the spool takes it")
    spooled = "SELECT count(*) FROM intake.spool"
    assert rows(system, spooled)[0][0] >= 1
    system.services.kill("intake")  # nobody is there to empty the spool, or to say what it holds
    rabbitmq.start()
    system.services.wait_ready("notifications")
    with pytest.raises(AssertionError, match="the sweep waits: intake does not say whether its spool"):
        tick(system, "2023-03-17T08:00:00", timeout=10)
    accusing = "SELECT count(*) FROM notifications.alert WHERE step <> 'reminder'"
    assert rows(system, accusing) == [(0,)]
    assert rows(
        system, "SELECT DISTINCT state FROM notifications.obligation WHERE unit = '06412@1' AND period = '2023-Q1'"
    ) == [("overdue",)]
    system.services.start("intake")
    system.wait_until(lambda: rows(system, spooled) == [(0,)], "the spool is empty")
    system.wait_until(lambda: rows(system, MET) == [("06412@1", True)], "what was accepted in time is met on time")
    tick(system, "2023-03-17T08:05:00")
    told = "SELECT name, step FROM notifications.alert JOIN registry.officer ON officer.id = officer ORDER BY alert.id"
    assert rows(system, told)[2:] == [("Cúc", "overdue")]
