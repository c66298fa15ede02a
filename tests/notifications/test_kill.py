"""`kill -9` of the real service in the middle of a delivery, again and again: none lost, repeats only where documented.

The mail server holds one recipient's session: before it lets the letter come (the kill falls between claim and send),
or after it has taken the letter and before it says so (the kill falls between send and record).
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from tests.notifications.mail_server import MailServer
from tests.system import System, kip

OFFICERS = """name,role,unit,agency,channels,language
An,Chủ tịch,06412,ubnd-xa,email:an@example.vn,vi
Cúc,Chủ tịch,06427,ubnd-xa,email:cuc@example.vn,vi
Bình,Phó Chủ tịch,186,phong-ldtbxh-dt-huyen,email:binh@example.vn,vi
"""
# Mornings of 2023 and 2024 on which An and Cúc are reminded, or told that they are late (and Bình too).
MORNINGS = ("2023-03-15", "2023-03-17", "2023-06-15", "2023-06-19", "2023-09-15")
HELD = ("an@example.vn", "cuc@example.vn", "an@example.vn", "binh@example.vn", "cuc@example.vn")
TWO_REPLICAS = {2, 3}  # the rounds with a second one


class HoldingServer(MailServer):
    """Holds the session of one recipient before or after it takes the letter, until its client is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.hold_before: str | None = None
        self.hold_after: str | None = None
        self.holding = asyncio.Event()

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802 - aiosmtpd's name
        reply = await super().handle_RCPT(server, session, envelope, address, options)
        if address == self.hold_before:
            await self._hold()
        return reply

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        reply = await super().handle_DATA(server, session, envelope)
        if self.hold_after in envelope.rcpt_tos:
            await self._hold()
        return reply

    async def _hold(self) -> None:
        self.holding.set()
        await asyncio.Event().wait()  # aiosmtpd cancels it when the client's connection ends


@dataclass
class Office:
    """One or two replicas with a mail server each, and what the database says."""

    start_replica: Callable[[int], System]
    database_url: str
    servers: list[HoldingServer]
    replicas: list[System] = field(default_factory=list)

    async def run(self, count: int) -> None:
        """Have exactly the first `count` replicas run."""
        while len(self.replicas) < count:
            self.replicas.append(await asyncio.to_thread(self.start_replica, len(self.replicas)))
        for number, replica in enumerate(self.replicas):
            act = replica.services.start if number < count else replica.services.stop
            await asyncio.to_thread(act, "notifications")

    async def tick(self, morning: str) -> list[dict[str, Any]]:
        """Move the clock to 08:00 of a day; the alerts, when all are handed over."""
        words = ("tick", "--now", f"{morning}T08:00:00+07:00", "--timeout", "90", "--json")
        printed = await asyncio.to_thread(kip, *words, environment=self.replicas[0].environment)
        return [row for row in json.loads(printed)["alerts"] if row["officer"]]

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        """Ask the database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def states(self) -> Counter[tuple[str, str]]:
        """How many messages are in which state, by address."""
        rows = await self.rows(
            """SELECT replace(officer.channels[1], 'email:', '') AS address, message.state
               FROM notifications.message JOIN registry.officer ON officer.id = message.officer"""
        )
        return Counter((row["address"], row["state"]) for row in rows)

    async def until(self, happened: Callable[[], Any], what: str) -> None:
        """Wait, bounded, for something that takes its time."""
        for _ in range(600):
            if await happened():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"after half a minute still not: {what}; {await self.states()}")

    def copies(self) -> Counter[str]:
        """How often each Message-ID was accepted."""
        return Counter(str(mail["Message-ID"]) for server in self.servers for mail in server.kept)


@pytest.fixture
async def office(stack, amqp_url, district_database, tmp_path):
    servers = [HoldingServer(), HoldingServer()]
    for server in servers:
        await server.start()

    def start_replica(number: int) -> System:
        settings = {
            "KIP_CLOCK": "2022-12-15T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "0.5",
            "KIP_SMTP_URL": f"smtp://127.0.0.1:{servers[number].port}",
        }  # fmt: skip
        return System(
            stack, amqp_url, district_database, names=("intake", "notifications"), settings=settings, sources=False
        )

    running = Office(start_replica, district_database, servers)
    await running.run(1)
    officers = tmp_path / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    environment = running.replicas[0].environment
    await asyncio.to_thread(kip, "officer", "import", str(officers), environment=environment)
    yield running
    for replica in running.replicas:
        await asyncio.to_thread(replica.services.stop)
    for server in servers:
        await server.stop()


async def kill_the_one_that_is_held(office: Office, address: str) -> None:
    """When all but the held letter are recorded: `kill -9`, then let the lease of what it had in hand end."""
    await asyncio.wait(
        [asyncio.create_task(server.holding.wait()) for server in office.servers], return_when="FIRST_COMPLETED"
    )
    unfinished = {(address, "sending")}

    async def only_the_held_is_left() -> bool:
        return {key for key in await office.states() if key[1] != "sent"} == unfinished

    await office.until(only_the_held_is_left, f"all but {address} are recorded")
    number = next(number for number, server in enumerate(office.servers) if server.holding.is_set())
    await asyncio.to_thread(office.replicas[number].services.kill, "notifications")
    for server in office.servers:
        server.hold_before = server.hold_after = None
        server.holding.clear()
    assert await only_the_held_is_left()
    await office.rows("UPDATE notifications.message SET act_at = clock_timestamp() WHERE state = 'sending'")


@pytest.mark.parametrize("point", ["between claim and send", "between send and record"])
async def test_a_worker_killed_while_it_delivers_loses_nothing_and_repeats_only_what_it_had_not_recorded(office, point):
    accepted_twice: Counter[str] = Counter()
    for number, (morning, address) in enumerate(zip(MORNINGS, HELD, strict=True)):
        count = 2 if number in TWO_REPLICAS else 1
        await office.run(count)
        before = office.copies()
        for server in office.servers:
            if point == "between claim and send":
                server.hold_before = address
            else:
                server.hold_after = address
        ticking = asyncio.create_task(office.tick(morning))
        await kill_the_one_that_is_held(office, address)
        await office.run(count)
        rows = await ticking
        assert {row["state"] for row in rows} == {"sent"}
        assert {"An", "Cúc"} <= {row["officer"] for row in rows}
        messages = {row["message"]: row["officer"] for row in rows}
        fresh = office.copies() - before
        assert {text.strip("<>").partition("@")[0] for text in fresh} == set(messages)
        accepted_twice.update({text: 1 for text, copies in fresh.items() if copies == 2})
        assert max(fresh.values()) <= 2
        assert len(fresh) == fresh.total() - (point == "between send and record")
    assert set(await office.states()) == {
        (address, "sent") for address in ("an@example.vn", "cuc@example.vn", "binh@example.vn")
    }
    assert len(accepted_twice) == (len(MORNINGS) if point == "between send and record" else 0)
    twice = await office.rows(
        "SELECT count(*) FROM notifications.alert GROUP BY obligation, cycle, step, officer HAVING count(*) > 1"
    )
    assert twice == []


async def test_a_sweeper_killed_between_claim_and_queue_loses_nothing(office, rabbitmq):
    for morning in ("2023-03-15", "2023-06-15"):  # reminders: what accuses would wait for the broker
        await asyncio.to_thread(rabbitmq.kill)
        ticking = asyncio.create_task(office.tick(morning))

        async def claimed() -> bool:
            return {key for key in await office.states() if key[1] == "pending"} == {
                ("an@example.vn", "pending"),
                ("cuc@example.vn", "pending"),
            }

        await office.until(claimed, "the reminders are claimed while the broker is away")
        await asyncio.to_thread(office.replicas[0].services.kill, "notifications")
        await asyncio.to_thread(rabbitmq.start)
        await office.run(1)
        rows = await ticking
        assert {row["state"] for row in rows} == {"sent"}
        assert {row["officer"] for row in rows if row["step"] == "reminder"} == {"An", "Cúc"}
    copies = office.copies()
    assert len(copies) == copies.total()
    assert {message for (message,) in await office.rows("SELECT id::text FROM notifications.message")} == {
        text.strip("<>").partition("@")[0] for text in copies
    }
