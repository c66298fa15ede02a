"""Gather, for messages that were taken together, what each says: a few set-based queries for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.notifications.alerts.planning import PROBLEM_RAISED, accusing_steps
from services.notifications.alerts.summaries import Standing, standings, subject_of
from services.notifications.alerts.summary_store import Subject
from services.notifications.apart import Asides, apart, reason_of
from services.notifications.messages import message_store
from services.notifications.messages.message_store import AlertItem, Contact, OpenProblem, TakenMessage
from services.notifications.messages.writer import Draft, Facts, Item, ProblemItem, Reader, Writer
from services.notifications.obligations.deadlines import Shift
from shared.database.connections import DATABASE_AWAY, Connection, Pool
from shared.registry.snapshot import Registry
from shared.runtime.retry import patiently

SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One message that was taken, the alerts that it carries and are still true, or the figures of its summary."""

    taken: TakenMessage
    items: Sequence[AlertItem]
    standing: Sequence[Standing] | None
    broken: str | None = None  # why nothing can be gathered for it
    asides: Asides = field(default_factory=Asides)  # what it should say and can't

    @property
    def id(self) -> UUID:
        """The message's id."""
        return self.taken.id

    @property
    def alerts(self) -> list[int]:
        """The alerts in its text."""
        gone = self.asides.subjects("alert")
        return [item.alert for item in self.items if str(item.alert) not in gone]

    @property
    def steps(self) -> list[str]:
        """The step of each alert; of a summary its name."""
        return [item.step for item in self.items] or [SUMMARY]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a group of messages says. `empty` are those with nothing left to say."""

    registry: Registry
    now: datetime
    messages: Sequence[MessageFacts]
    empty: Sequence[UUID]
    officers: Mapping[str, Sequence[Contact]]
    expected: Mapping[tuple[str, str, str, str], int]
    problems: Mapping[tuple[int, str], Sequence[OpenProblem]]

    def draft(self, message: MessageFacts, page: str) -> Draft:
        """Draft the message, before its templates are filled; what can't be said goes to its asides.

        Raises KeyError or ValueError where nothing can be written to this reader.
        """
        taken, asides = message.taken, message.asides
        programme = self.registry.programmes[taken.programme]
        reader = Reader(taken.name, taken.language, taken.unit, page)
        expected = {key[1:]: count for key, count in self.expected.items() if key[0] == taken.programme}
        new = {item.problem for item in message.items}
        listed = [row for row in self.problems.get((taken.officer, taken.programme), ()) if row.problem not in new]
        facts = Facts(
            self.officers, expected,
            [ProblemItem(PROBLEM_RAISED, row.unit, row.agency, row.raised_at, row.problem) for row in listed],
        )  # fmt: skip
        writer = Writer(programme, self.registry.units, reader, facts, self.now, asides)
        if message.standing is not None:
            return writer.summary(message.standing)
        items: list[Item] = []
        problems: list[ProblemItem] = []
        for row in message.items:
            with asides.unless_sound("alert", row.alert, taken.programme, row.unit):
                if row.problem is None:
                    items.append(_item(row))
                else:
                    problems.append(ProblemItem(row.step, row.unit, row.agency, row.raised_at, row.problem, row.alert))
        return writer.draft(items, problems)


async def gather(pool: Pool, registry: Registry, taken: Sequence[TakenMessage], now: datetime) -> Gathered:
    """Ask for all that these messages need, on one connection: the pool tidies up after each use of one."""

    async def ask() -> Gathered:
        async with pool.acquire() as connection:
            return await _gather(connection, registry, taken, now)

    return await patiently("messages", ask, DATABASE_AWAY)


async def _gather(connection: Connection, registry: Registry, taken: Sequence[TakenMessage], now: datetime) -> Gathered:
    live, asides = await _items(connection, taken)
    stands, broken = await _standings(connection, registry, taken, now)
    messages = [
        MessageFacts(row, live.get(row.id, []), stands.get(row.id), broken.get(row.id), asides[row.id]) for row in taken
    ]
    kept = [message for message in messages if message.items or message.standing]
    rest = [message for message in messages if not (message.items or message.standing)]
    faulty = [message for message in rest if message.broken or message.asides.found]
    empty = [message.id for message in rest if not (message.broken or message.asides.found)]
    digests = [
        (message, item)
        for message in kept
        for item in message.items
        if _is_digest(registry, message.taken.programme, item.step)
    ]
    parents = _parents(registry, digests)
    officers: dict[str, list[Contact]] = {}
    for contact in await message_store.contacts(connection, sorted({item.unit for _, item in digests} | parents)):
        officers.setdefault(contact.unit, []).append(contact)
    periods = sorted({item.period for _, item in digests})
    expected = await message_store.expected_below(connection, sorted(parents), periods)
    readers = {message.taken.officer for message, _ in digests} | {m.taken.officer for m in kept if m.standing}
    problems: dict[tuple[int, str], list[OpenProblem]] = {}
    for problem in await message_store.open_problems(connection, sorted(readers)):
        problems.setdefault((problem.officer, problem.programme), []).append(problem)
    return Gathered(registry, now, [*kept, *faulty], empty, officers, expected, problems)


async def _items(
    connection: Connection, taken: Sequence[TakenMessage]
) -> tuple[dict[UUID, list[AlertItem]], dict[UUID, Asides]]:
    """Read, by message, what it carries and is still true, and what of it can't be read."""
    whose = {row.id: row.programme for row in taken}
    asides = {row.id: Asides() for row in taken}
    alerts = await message_store.alerts_of(connection, list(whose))
    read = await apart(
        alerts,
        lambda some: message_store.items_of(connection, some),
        lambda key, error: asides[key.message].add("alert", key.id, whose[key.message], key.unit, error),
    )
    live: dict[UUID, list[AlertItem]] = {}
    for item in (item for items in read for item in items):
        if item.live:
            live.setdefault(item.message, []).append(item)
    return live, asides


async def _standings(
    connection: Connection, registry: Registry, taken: Sequence[TakenMessage], now: datetime
) -> tuple[dict[UUID, Sequence[Standing]], dict[UUID, str]]:
    """Find, by message, what the summaries among them say, and why one can't be written."""
    messages: dict[Subject, list[UUID]] = {}
    broken: dict[UUID, str] = {}
    for row in taken:
        if row.occasion is not None and row.programme in registry.programmes:
            try:
                subject = subject_of(registry.units, row.programme, row.unit)
            except KeyError as error:
                broken[row.id] = reason_of(error)
            else:
                messages.setdefault(subject, []).append(row.id)

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


def _parents(registry: Registry, digests: Sequence[tuple[MessageFacts, AlertItem]]) -> set[str]:
    """Find the parents of late units, but for the digest's own unit: a whole silent subtree is one line."""
    units = ((message, registry.units.get(item.unit)) for message, item in digests)
    return {unit.parent or "" for message, unit in units if unit is not None and unit.parent != message.taken.unit}


def _is_digest(registry: Registry, programme: str, step: str) -> bool:
    known = registry.programmes.get(programme)
    return known is not None and accusing_steps(known).get(step, 0) > 0


def _item(row: AlertItem) -> Item:
    shift = Shift.from_json(row.shifted_because) if row.shifted_because else None
    return Item(row.step, row.report, row.period, row.unit, row.agency, row.due_at, shift, row.alert)
