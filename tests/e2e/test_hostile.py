"""Every route of every service is asked with hostile values in every part of a request, over real sockets: none
answers 5xx, each refuses in the service's own shape, and the services go on as if nothing had been asked.
"""

import asyncio
import contextlib
import http.client
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from deploy.local.stack import LocalStack
from services.aggregation.app import make_app as aggregation_app
from services.intake.app import make_app as intake_app
from services.notifications.app import make_app as notifications_app
from services.notifications.links import Links
from shared.config import load_settings
from tests.conftest import NewDatabase
from tests.hostile import Asked, Sound, hostile
from tests.sound_requests import World, problem, sound_requests
from tests.system import System, access, counselling, kip

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]  # a minute each on a machine with nothing else to do
APPS = {"intake": intake_app, "aggregation": aggregation_app, "notifications": notifications_app}
PROBES = ("/healthz", "/readyz", "/metrics")
MESSAGE = UUID("00000000-0000-4000-8000-000000000001")
OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:yen-vuong@example.vn,vi
Lê Bình,Phó Chủ tịch,186,ubnd-huyen,email:huu-lung@example.vn,en
"""


@pytest.fixture(scope="module")
def world(
    stack: LocalStack, rabbitmq: Any, session_database: NewDatabase, loaded_template: str, tmp_path_factory: Any
) -> Iterator[World]:
    settings = {"KIP_CLOCK": "2023-03-14T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1"}
    database = session_database(loaded_template)
    system = System(stack, rabbitmq.add_vhost("hostile"), database, names=tuple(APPS), settings=settings)
    try:
        officers = tmp_path_factory.mktemp("officers") / "officers.csv"
        officers.write_text(OFFICERS, encoding="utf-8")
        kip("officer", "import", str(officers), environment=system.environment)
        operator = system.add_source("operator", "--kinds", "obligation.decide")
        assert system.post([access(), counselling(), problem()]).status_code == 202
        system.wait_until(
            lambda: system.metric("notifications", "kip_obligations") > 10_000, "obligations are open", 120
        )
        page, calendar, obligations = asyncio.run(_told(database))
        yield World(
            system, {"app": system.key, "reader": system.reader_key, "operator": operator}, page, calendar, obligations
        )
    finally:
        system.services.stop()


async def _told(database: str) -> tuple[str, str, tuple[int, ...]]:
    """Tell the district's officer of a commune's obligation; the tokens of their links, and open obligations."""
    connection = await asyncpg.connect(database)
    try:
        officer = await connection.fetchval("SELECT id FROM registry.officer WHERE unit = '186@1'")
        rows = await connection.fetch(
            """SELECT id FROM notifications.obligation WHERE state = 'open'
               ORDER BY unit <> '06412@1', id LIMIT 5000"""
        )
        await connection.execute(
            """INSERT INTO notifications.message (id, programme, officer, unit, state, made_at, sent_at, act_at)
               VALUES ($1, 'ecd-1437', $2, '186@1', 'sent', now(), now(), NULL)""",
            MESSAGE,
            officer,
        )
        await connection.execute(
            """INSERT INTO notifications.alert
                   (obligation, cycle, step, occurrence, unit, officer, message, state, made_at)
               VALUES ($1, 1, 'overdue', 1, '186@1', $2, $3, 'sent', now())""",
            rows[0]["id"],
            officer,
            MESSAGE,
        )
        links = Links("", await connection.fetchval("SELECT secret FROM notifications.secret"))
    finally:
        await connection.close()
    now = datetime.fromisoformat("2023-03-14T08:00:00+07:00")
    page, calendar = links.page(officer, MESSAGE, now), links.calendar(officer, now)
    return page.rpartition("/")[2], calendar.rpartition("/")[2].removesuffix(".ics"), tuple(row["id"] for row in rows)


class Answer(NamedTuple):
    """Status, headers, body; status 0 where the connection ended without an answer."""

    status: int
    headers: http.client.HTTPMessage | None
    body: bytes


def ask(port: int, asked: Asked) -> Answer:
    """Ask once, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        with contextlib.suppress(ConnectionError):  # it may have been refused before all of it was sent
            connection.sendall(asked.wire())
        answer = http.client.HTTPResponse(connection, method=asked.method)
        try:
            answer.begin()
            return Answer(answer.status, answer.headers, answer.read())
        except (http.client.HTTPException, ConnectionError) as error:
            return Answer(0, None, type(error).__name__.encode())


def fault_of(asked: Asked, answer: Answer) -> str | None:
    """What is wrong with an answer, or None."""
    if answer.status == 0 or answer.status >= 500:
        return f"{answer.status} {answer.body[:80]!r}"
    if answer.headers is not None and "x-injected" in answer.headers:
        return "a header was injected"
    if answer.status < 400 or asked.method == "HEAD" or answer.body == b"Invalid HTTP request received.":
        return None
    html = any(name == "accept" and b"text/html" in value for name, value in asked.headers)
    if html and answer.body.startswith(b"<!DOCTYPE html>"):
        return None
    try:
        told = json.loads(answer.body)
    except ValueError:
        return f"{answer.status} without the service's own shape: {answer.body[:80]!r}"
    shaped = {"error", "message"} <= told.keys() or "rejected" in told or {"httpStatusCode", "message"} <= told.keys()
    return None if shaped else f"{answer.status} without the service's own shape: {answer.body[:80]!r}"


def test_every_route_has_a_sound_request_that_is_answered_well(world: World) -> None:
    """So that the hostile ones below get past what refuses everything."""
    for service, make_app in APPS.items():
        settings = load_settings({"amqp_url": "amqp://unused", "database_url": "postgresql://unused"})
        routes = {
            (method, re.sub(r":\w+}", "}", route.path))
            for route in make_app(settings).routes
            for method in route.methods or ("GET",)
        }
        sound = sound_requests(service, world)
        described = {(made.method, made.route) for made in sound}
        known = {path for _, path in described} | set(PROBES)
        assert {path for _, path in routes} == known, f"{service}: describe each route here"
        assert described <= routes
        for made in sound:
            answer = ask(world.system.services.ports[service], made.asked())
            good = answer.status < 400 or (answer.status == 404 and "{job}" in made.route)
            assert good, f"{service} {made.method} {made.route}: {answer.status} {answer.body[:500]!r}"


@pytest.mark.parametrize("service", APPS)
def test_no_hostile_value_is_answered_5xx(world: World, service: str) -> None:
    port = world.system.services.ports[service]
    obligations = iter(world.obligations[1:])
    asked: list[tuple[str, Asked]] = [(f"GET {path}", Sound("GET", path).asked()) for path in PROBES]
    for made in sound_requests(service, world):
        for name, request in hostile(made):
            asked.append((f"{made.method} {made.route}: {name}", _on_a_fresh_obligation(request, obligations, world)))
    with ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(lambda item: ask(port, item[1]), asked))
    faults = {
        name: fault
        for (name, request), answer in zip(asked, answers, strict=True)
        if (fault := fault_of(request, answer))
    }
    statuses = Counter(answer.status for answer in answers)
    assert not faults, f"{len(faults)} of {len(asked)} ({dict(statuses)}):\n" + "\n".join(
        f"{name}: {fault}" for name, fault in list(faults.items())[:100]
    )
    assert statuses[200] > len(asked) / 100


def _on_a_fresh_obligation(asked: Asked, fresh: Iterator[int], world: World) -> Asked:
    """What changes an obligation gets one that nothing has changed yet."""
    own = f"/v1/obligations/{world.obligations[0]}/"
    if not asked.target.startswith(own):
        return asked
    return replace(asked, target=f"/v1/obligations/{next(fresh)}/{asked.target.removeprefix(own)}")


def test_all_goes_on_as_if_nothing_had_been_asked(world: World) -> None:
    system = world.system
    assert system.post([counselling("06421", "afterwards")]).status_code == 202
    asked = {"activity": "parent-counselling", "within": "06421", "period": "2023-03"}
    system.wait_until(lambda: system.rollups(**asked)[0]["records"] > 0, "what is sound is counted")
    now = kip("tick", "--now", "2023-03-17T08:00:00+07:00", "--json", environment=system.environment)
    assert any(row["unit"] == "06412@1" for row in json.loads(now)["alerts"])
    system.services.wait_ready()
    system.services.check_alive()
