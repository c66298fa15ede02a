"""What hostile requests are sent to: all three services with figures, officers, links and obligations; and what they
may answer.
"""

import asyncio
import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

import asyncpg

from deploy.local.stack import LocalStack
from services.notifications.links import Links
from tests.hostile import Asked
from tests.sound_requests import World, problem
from tests.system import System, access, counselling, kip

NOW = "2023-03-14T08:00:00+07:00"
MESSAGE = UUID("00000000-0000-4000-8000-000000000001")
OWES = "06424@1"  # what sound requests hand in is for another unit: its obligations are met, and can't be decided on
OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:yen-vuong@example.vn,vi
Lê Bình,Phó Chủ tịch,186,ubnd-huyen,email:huu-lung@example.vn,en
"""


DOCUMENTED = ("intake", "aggregation", "notifications")  # those that serve an OpenAPI document


@contextlib.contextmanager
def running_world(stack: LocalStack, amqp_url: str, database: str, folder: Path) -> Iterator[World]:
    """The services on a database with units and programme, until the block ends."""
    settings = {"KIP_CLOCK": NOW, "KIP_SWEEP_INTERVAL": "1"}
    system = System(stack, amqp_url, database, names=DOCUMENTED, settings=settings)
    try:
        officers = folder / "officers.csv"
        officers.write_text(OFFICERS, encoding="utf-8")
        kip("officer", "import", str(officers), environment=system.environment)
        operator = system.add_source("operator", "--kinds", "obligation.decide")
        assert system.post([access(), counselling(), problem()]).status_code == 202
        system.wait_until(
            lambda: system.metric("notifications", "kip_obligations") > 10_000, "obligations are open", 120
        )
        page, calendar, obligations = asyncio.run(_told(database))
        board = system.add_source("board", "--read", "--act")
        keys = {"app": system.key, "reader": system.reader_key, "operator": operator, "board": board}
        yield World(system, keys, page, str(MESSAGE), calendar, obligations)
    finally:
        system.services.stop()


async def _told(database: str) -> tuple[str, str, tuple[str, ...]]:
    """Tell the district's officer of a commune's obligation; the tokens of their links, and open obligations."""
    connection = await asyncpg.connect(database)
    try:
        officer = await connection.fetchval("SELECT id FROM registry.officer WHERE unit = '186@1'")
        rows = await connection.fetch(
            """SELECT id, concat_ws('~', programme, report, unit, agency, period, 0) AS name
               FROM notifications.obligation WHERE state = 'open' AND unit <> '06412@1'
               ORDER BY unit <> $1, due_at, id LIMIT 5000""",
            OWES,
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
    now = datetime.fromisoformat(NOW)
    page, calendar = links.page(officer, 0, MESSAGE, now), links.calendar(officer, 0, now)
    return page.rpartition("/")[2], calendar.rpartition("/")[2].removesuffix(".ics"), tuple(row["name"] for row in rows)


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
    if answer.status < 400 or asked.method == "HEAD":
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


def on_a_fresh_obligation(asked: Asked, fresh: Iterator[str], world: World) -> Asked:
    """What changes an obligation gets one that nothing has changed yet."""
    own = f"/v1/obligations/{quote(world.obligations[0], safe='')}/"
    if not asked.target.startswith(own):
        return asked
    return replace(asked, target=f"/v1/obligations/{quote(next(fresh), safe='')}/{asked.target.removeprefix(own)}")
