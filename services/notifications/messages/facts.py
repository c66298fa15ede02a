"""Gathers, for messages that were taken together, what each tells: a few set-based questions for all of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.alerts.planning import PROBLEM_RAISED, accusing_steps
from services.notifications.alerts.summaries import Standing, standings, subject_of
from services.notifications.alerts.summary_store import Subject
from services.notifications.apart import Asides, apart, reason_of
from services.notifications.messages import message_store
from services.notifications.messages.retry import patiently
from services.notifications.messages.writer import Draft, Facts, Item, ProblemItem, Reader, Writer
from shared.database.connections import Connection, Pool
from shared.registry.snapshot import Registry

SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Told:
    """One message that has something to tell, to whom, and which alerts it tells."""

    message: UUID
    programme: str
    officer: int
    name: str
    unit: str
    language: str
    channels: Sequence[str]
    choice: int
    attempts: int
    rows: Sequence[Mapping[str, Any]]
    standing: Sequence[Standing] | None
    broken: str | None = None  # why nothing can be gathered for it
    asides: Asides = field(default_factory=Asides)  # what it should tell and can't

    @property
    def alerts(self) -> list[int]:
        """The alerts in its text."""
        gone = self.asides.subjects("alert")
        return [row["alert"] for row in self.rows if str(row["alert"]) not in gone]

    @property
    def steps(self) -> list[str]:
        """The step of each alert; of a summary its name."""
        return [row["step"] for row in self.rows] or [SUMMARY]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a group of messages tells. `empty` are those with nothing left to tell."""

    registry: Registry
    now: datetime
    told: Sequence[Told]
    empty: Sequence[UUID]
    officers: Mapping[str, Sequence[Mapping[str, Any]]]
    expected: Mapping[tuple[str, str, str, str], int]
    problems: Mapping[tuple[int, str], Sequence[Mapping[str, Any]]]

    def draft(self, told: Told, page: str) -> Draft:
        """The message before its templates are filled; what can't be told of it goes to its asides.

        Raises KeyError or ValueError where nothing can be written to this reader.
        """
        programme = self.registry.programmes[told.programme]
        reader = Reader(told.name, told.language, told.unit, page)
        expected = {key[1:]: count for key, count in self.expected.items() if key[0] == told.programme}
        new = {row["problem"] for row in told.rows}
        listed = [row for row in self.problems.get((told.officer, told.programme), ()) if row["id"] not in new]
        facts = Facts(self.officers, expected, [_problem(row, PROBLEM_RAISED, row["id"]) for row in listed])
        writer = Writer(programme, self.registry.units, reader, facts, self.now, told.asides)
        if told.standing is not None:
            return writer.summary(told.standing)
        items: list[Item] = []
        for row in told.rows:
            with told.asides.unless_sound("alert", row["alert"], told.programme, row["unit"]):
                if row["problem"] is None:
                    items.append(_item(row))
        problems = [_problem(row, row["step"], row["problem"], row["alert"]) for row in told.rows if row["problem"]]
        return writer.draft(items, problems)


async def gather(pool: Pool, registry: Registry, taken: Sequence[Mapping[str, Any]], now: datetime) -> Gathered:
    """Ask for all that these messages need, on one connection: the pool tidies up after each use of one."""

    async def ask() -> Gathered:
        async with pool.acquire() as connection:
            return await _gather(connection, registry, taken, now)

    return await patiently(ask)


async def _gather(
    connection: Connection, registry: Registry, taken: Sequence[Mapping[str, Any]], now: datetime
) -> Gathered:
    live, asides = await _items(connection, taken)
    stands, broken_summaries = await _standings(connection, registry, taken, now)
    told = [
        Told(
            message=row["id"], programme=row["programme"], officer=row["officer"], name=row["name"], unit=row["unit"],
            language=row["language"], channels=row["channels"], choice=row["choice"], attempts=row["attempts"],
            rows=live.get(row["id"], []), standing=stands.get(row["id"]), broken=broken_summaries.get(row["id"]),
            asides=asides[row["id"]],
        )
        for row in taken
    ]  # fmt: skip
    kept = [item for item in told if item.rows or item.standing]
    digests = [(item, row) for item in kept for row in item.rows if _is_digest(registry, item.programme, row["step"])]
    parents = {unit.parent or "" for item, row in digests if (unit := registry.units.get(row["unit"])) is not None
               and unit.parent != item.unit}  # fmt: skip
    contacts = await message_store.contacts(connection, sorted({row["unit"] for _, row in digests} | parents))
    periods = sorted({row["period"] for _, row in digests})
    expected = await message_store.expected_below(connection, sorted(parents), periods)
    readers = {item.officer for item, _ in digests} | {item.officer for item in kept if item.standing}
    problems: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for row in await message_store.open_problems(connection, sorted(readers)):
        problems.setdefault((row["officer"], row["programme"]), []).append(row)
    officers: dict[str, list[Mapping[str, Any]]] = {}
    for row in contacts:
        officers.setdefault(row["unit"], []).append(row)
    broken = [item for item in told if item not in kept and (item.broken or item.asides.found)]
    empty = [item.message for item in told if item not in kept and item not in broken]
    return Gathered(registry, now, [*kept, *broken], empty, officers, expected, problems)


async def _items(
    connection: Connection, taken: Sequence[Mapping[str, Any]]
) -> tuple[dict[UUID, list[Mapping[str, Any]]], dict[UUID, Asides]]:
    """By message what it tells and is still true, and what of it can't be read."""
    whose = {row["id"]: row["programme"] for row in taken}
    asides = {row["id"]: Asides() for row in taken}
    alerts = await message_store.alerts_of(connection, list(whose))
    read = await apart(
        alerts,
        lambda some: message_store.items_of(connection, some),
        lambda row, error: asides[row["message"]].add("alert", row["id"], whose[row["message"]], row["unit"], error),
    )
    live: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in (row for rows in read for row in rows):
        if row["live"]:
            live.setdefault(row["message"], []).append(row)
    return live, asides


async def _standings(
    connection: Connection, registry: Registry, taken: Sequence[Mapping[str, Any]], now: datetime
) -> tuple[dict[UUID, Sequence[Standing]], dict[UUID, str]]:
    """By message, what the summaries among them say, and why one can't be written."""
    messages: dict[Subject, list[UUID]] = {}
    broken: dict[UUID, str] = {}
    for row in taken:
        if row["occasion"] is not None and row["programme"] in registry.programmes:
            try:
                subject = subject_of(registry.units, row["programme"], row["unit"])
            except KeyError as error:
                broken[row["id"]] = reason_of(error)
            else:
                messages.setdefault(subject, []).append(row["id"])

    def fails(subject: Subject, error: Exception) -> None:
        broken.update(dict.fromkeys(messages[subject], reason_of(error)))

    found = await apart(list(messages), lambda some: standings(connection, some, now), fails)
    known = {key: standing for some in found for key, standing in some.items()}
    stands: dict[UUID, Sequence[Standing]] = {
        message: known.get((subject.programme, subject.unit), [])
        for subject, ids in messages.items()
        for message in ids
        if message not in broken
    }
    return stands, broken


def _is_digest(registry: Registry, programme: str, step: str) -> bool:
    known = registry.programmes.get(programme)
    return known is not None and accusing_steps(known).get(step, 0) > 0


def _item(row: Mapping[str, Any]) -> Item:
    shift = row["shifted_because"]
    return Item(
        row["step"], row["report"], row["period"], row["unit"], row["agency"], row["due_at"],
        json.loads(shift) if shift else None, row["alert"],
    )  # fmt: skip


def _problem(row: Mapping[str, Any], step: str, problem: int, alert: int | None = None) -> ProblemItem:
    return ProblemItem(step, row["unit"], row["agency"], row["raised_at"], problem, alert)
