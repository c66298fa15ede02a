"""The three services over the small register, from before the merger to after it, with officers, problems and keys."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import pytest

from deploy.local.stack import LocalStack
from services.notifications.link_store import link_secret
from services.notifications.links import Links
from shared.access.keys import hash_key, new_key
from shared.database import connections
from shared.programme.folder import load_programme
from shared.programme.model import Programme
from shared.registry import source_store, store
from shared.registry.officer_store import write_officers
from shared.registry.officers import Officer
from tests.conftest import NewDatabase
from tests.rights.ledger import OTHER, OWN, as_event, said
from tests.rights.register import PLACES, standing, units_file
from tests.system import ROOT, System, event, kip, migrate

AGENCIES = {"commune": "ubnd-xa", "district": "ubnd-huyen", "province": "ubnd-tinh", "nation": "x"}
COUNTED = "SELECT (SELECT count(*) FROM notifications.change), (SELECT count(*) FROM aggregation.ledger)"
ALL_SERVICES = ("intake", "aggregation", "notifications")


class Link(NamedTuple):
    """The link in a message to an officer; `unit` is where they were registered."""

    token: str
    message: UUID
    unit: str


class Field(System):
    """The system, its database's truth, and a key for every unit."""

    client: httpx.Client
    keys: dict[str, str]
    links: list[Link]
    calendars: dict[str, bytes]  # by the unit of the officer, as they were soon after the merger

    def rows(self, query: str, *arguments: Any) -> list[Any]:
        """What the database holds."""

        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.database_url, timeout=30)
            try:
                return list(await connection.fetch(query, *arguments))
            finally:
                await connection.close(timeout=5)

        return asyncio.run(fetch())

    def get(self, service: str, path: str, key: str | None, **query: str) -> Any:
        """Ask a service with the key of this name."""
        headers = {"Authorization": f"Bearer {self.keys[key]}"} if key is not None else {}
        return self.client.get(f"{self.services.url(service)}{path}", params=query, headers=headers)

    def tick(self, now: str) -> None:
        """Move the run's clock."""
        kip("tick", "--now", f"{now}+07:00", "--json", environment=self.environment)


@pytest.fixture(scope="session")
def small_template(session_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the small register, the shipped programme and a second one that is the same but for its slug.

    `kip load` refuses such a twin; rights have to hold all the same.
    """
    folder = tmp_path_factory.mktemp("register")
    units = folder / "units.csv"
    units.write_text(units_file(), encoding="utf-8")
    second = folder / OTHER
    shutil.copytree(ROOT / "programmes" / OWN, second)
    file = second / "programme.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(f"slug: {OWN}", f"slug: {OTHER}"), encoding="utf-8")
    url = session_database()
    migrate(url)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url}
    kip("load", f"programmes/{OWN}", "--units", str(units), environment=environment)
    asyncio.run(_write(url, load_programme(second)))
    return url


async def _write(url: str, programme: Programme) -> None:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        await store.write_programme(connection, programme.slug, programme.model_dump_json())
    finally:
        await connection.close(timeout=5)


@pytest.fixture(scope="module")
def field(stack: LocalStack, rabbitmq: Any, session_database: NewDatabase, small_template: str) -> Iterator[Field]:
    """The register's year, lived through: alerts about units of both trees, and then what `ledger.py` says."""
    settings = {"KIP_CLOCK": "2025-06-10T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1"}
    database = session_database(small_template)
    running = Field(stack, rabbitmq.add_vhost("rights"), database, names=ALL_SERVICES, settings=settings)
    try:
        with httpx.Client(trust_env=False, timeout=60) as running.client:
            _live(running)
            yield running
    finally:
        running.services.stop()


def _live(field: Field) -> None:
    asyncio.run(_officers(field.database_url))
    field.keys = asyncio.run(_keys(field.database_url))
    field.wait_until(
        lambda: field.get("aggregation", "/v1/units/VN", "activities").status_code == 200, "keys are known"
    )
    _problems(field, after=False)
    field.tick("2025-06-20T09:00:00")
    field.tick("2025-07-20T09:00:00")
    field.calendars = _calendars(field)
    field.tick("2025-12-20T08:00:00")
    _problems(field, after=True)
    answer = field.post([as_event(item) for item in said()], key=field.keys["posts"])
    assert answer.status_code == 202, answer.text
    field.tick("2025-12-20T09:00:00")
    field.links = _sent_links(field)
    waiting = "SELECT count(*) FROM notifications.change WHERE NOT published"
    field.wait_until(lambda: field.rows(waiting)[0][0] == 0, "all changes of obligations are published")
    sent = len(said()) + 2 * (len(PLACES) - 1)

    def applied() -> bool:
        ((changes, ledger),) = field.rows(COUNTED)
        return bool(ledger == changes + sent)

    field.wait_until(applied, "all events are applied")


def _problems(field: Field, *, after: bool) -> None:
    """A problem in each unit but the nation, in each programme."""
    day = "2025-12-20" if after else "2025-06-10"
    events = [
        event(
            "problem.raised", uid,
            {"programme": programme, "record": f"p-{uid}", "text": "Thiếu cán bộ",
             "agency": AGENCIES[place.level]},
            id=f"{programme}-p-{uid}", source="/rights", time=f"{day}T07:00:00+07:00",
        )
        for uid, place in PLACES.items() if uid != "VN" and standing(uid, after=after)
        for programme in (OWN, OTHER)
    ]  # fmt: skip
    answer = field.post(events, key=field.keys["posts"])
    assert answer.status_code == 202, answer.text


async def _keys(url: str) -> dict[str, str]:
    """As `kip source add` makes them, without a process for each."""
    reads, all_kinds = True, None
    sources = [(uid, uid, [], None, reads) for uid in PLACES] + [
        ("own programme", "VN", [], [OWN], reads),
        ("other programme", "VN", [], [OTHER], reads),
        ("activities", "VN", ["activity.recorded"], None, reads),
        ("posts", "VN", all_kinds, None, False),
        ("posts elsewhere", "13@2", all_kinds, None, False),
        *((f"acts {uid}", uid, all_kinds, None, reads) for uid in PLACES),
    ]
    now = datetime.fromisoformat("2025-06-10T08:00:00+07:00")
    keys = {name: new_key() for name, *_ in sources}
    connection = await asyncpg.connect(url, timeout=30)
    try:
        for name, subtree, kinds, programmes, can_read in sources:
            made = source_store.Source(
                name, subtree, kinds, programmes, can_read, None, loses_429=False, can_act=name.startswith("acts")
            )
            assert await source_store.add_source(connection, made, now)
            await source_store.add_key(connection, name, hash_key(keys[name]), now)
    finally:
        await connection.close(timeout=5)
    return keys


async def _officers(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        officers = [
            Officer(
                f"Officer of {uid}", "x", uid, AGENCIES[place.level], (f"email:{uid.replace('@', '-')}@example.vn",)
            )
            for uid, place in PLACES.items()
        ]
        await write_officers(connection, officers)
    finally:
        await connection.close(timeout=5)


async def _links(field: Field) -> tuple[Links, list[Any], list[Any]]:
    """What makes links as the service does, its officers and its messages."""
    pool = await connections.open_pool(field.database_url, size=1, application_name="kip-test")
    try:
        links = Links(field.services.url("notifications"), await link_secret(pool))
        officers = await pool.fetch("SELECT id, unit FROM registry.officer")
        messages = await pool.fetch(
            "SELECT id, officer, unit FROM notifications.message ORDER BY made_at DESC LIMIT 60"
        )
        return links, officers, messages
    finally:
        await connections.close_pool(pool)


def _calendars(field: Field) -> dict[str, bytes]:
    links, officers, _ = asyncio.run(_links(field))
    now = datetime.fromisoformat("2025-07-20T09:00:00+07:00")
    found = {row["unit"]: field.client.get(links.calendar(row["id"], 0, now)) for row in officers}
    assert {answer.status_code for answer in found.values()} == {200}
    return {unit: answer.content for unit, answer in found.items()}


def _sent_links(field: Field) -> list[Link]:
    links, officers, messages = asyncio.run(_links(field))
    now, units = datetime.fromisoformat("2025-12-20T09:00:00+07:00"), {row["id"]: row["unit"] for row in officers}
    urls = (links.page(row["officer"], 0, row["id"], now) for row in messages)
    return [
        Link(url.rpartition("/")[2], row["id"], units[row["officer"]]) for url, row in zip(urls, messages, strict=True)
    ]
