"""Gather, for messages that were taken together, what each says: a few set-based queries for all of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.notifications.alerts.changed_after import CHANGED_AFTER
from services.notifications.alerts.planning import PROBLEM_RAISED, accusing_steps
from services.notifications.alerts.summaries import Standing, standings, subject_of
from services.notifications.alerts.summary_store import Subject
from services.notifications.apart import Asides, apart, reason_of
from services.notifications.messages import message_store, reach_store
from services.notifications.messages.contacts import Contacts
from services.notifications.messages.draft import Draft
from services.notifications.messages.message_store import AlertItem, OpenProblem, TakenMessage
from services.notifications.messages.reach_store import Contact
from services.notifications.messages.writer import Facts, Item, ProblemItem, Reader, Writer
from services.notifications.obligations import figure_change_store
from services.notifications.obligations.deadlines import Shift
from services.notifications.obligations.figure_change_store import ChangedFigure
from shared.database.connections import DATABASE_AWAY, Connection, Pool
from shared.domain.seats import Seats
from shared.programme.model import Programme
from shared.registry.officers import hears_of
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
    officers: Sequence[Contact]
    expected: Mapping[tuple[str, str, str, str, str], int]
    problems: Mapping[tuple[int, str], Sequence[OpenProblem]]
    changed: Mapping[int, Sequence[ChangedFigure]]  # by alert: figures that were changed after they were handed in
    above_told: Collection[int]  # alerts of whose obligations a level below the reader's was sent word
    _seats: dict[str, Seats] = field(default_factory=dict)
    _contacts: dict[str, Contacts] = field(default_factory=dict)

    def draft(self, message: MessageFacts, page: str) -> Draft:
        """Draft the message, before its templates are filled; what can't be said goes to its asides.

        Raises KeyError or ValueError where nothing can be written to this reader.
        """
        taken, asides = message.taken, message.asides
        programme = self.registry.programmes[taken.programme]
        seats = self._seats_of(programme)
        # It may have been made before a merger, and an officer acts for the agency that took over from theirs.
        unit, agency = seats.stands_for(taken.unit) or taken.unit, seats.acting(taken.agency)
        reader = Reader(taken.name, taken.role, agency, taken.language, unit, page)
        expected = {key[1:]: count for key, count in self.expected.items() if key[0] == taken.programme}
        new = {item.problem for item in message.items}
        listed = [row for row in self.problems.get((taken.officer, taken.programme), ()) if row.problem not in new]
        facts = Facts(
            self._contacts_of(programme), expected,
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
                    figures = self.changed.get(row.alert, ())
                    items.append(_item(row, above_told=row.alert in self.above_told, figures=figures))
                else:
                    problems.append(ProblemItem(row.step, row.unit, row.agency, row.raised_at, row.problem, row.alert))
        return writer.draft(items, problems)

    def _contacts_of(self, programme: Programme) -> Contacts:
        if programme.slug not in self._contacts:
            self._contacts[programme.slug] = Contacts(self.officers, programme.slug, self._seats_of(programme))
        return self._contacts[programme.slug]

    def _seats_of(self, programme: Programme) -> Seats:
        if programme.slug not in self._seats:
            today = programme.today(self.now)
            self._seats[programme.slug] = Seats(programme, self.registry.units, today)
        return self._seats[programme.slug]


async def gather(pool: Pool, registry: Registry, taken: Sequence[TakenMessage], now: datetime) -> Gathered:
    """Ask for all that these messages need, on one connection: the pool tidies up after each use of one."""

    async def ask() -> Gathered:
        async with pool.acquire() as connection:
            return await _gather(connection, registry, taken, now)

    return await patiently("messages", ask, DATABASE_AWAY)


async def _gather(connection: Connection, registry: Registry, taken: Sequence[TakenMessage], now: datetime) -> Gathered:
    theirs = [row for row in taken if hears_of(row.programmes, row.programme)]
    live, asides = await _items(connection, registry, theirs, now)
    stands, broken = await _standings(connection, registry, theirs, now)
    messages = [
        MessageFacts(row, live.get(row.id, []), stands.get(row.id), broken.get(row.id), asides[row.id])
        for row in theirs
    ]
    kept = [message for message in messages if message.items or message.standing]
    rest = [message for message in messages if not (message.items or message.standing)]
    faulty = [message for message in rest if message.broken or message.asides.found]
    empty = [message.id for message in rest if not (message.broken or message.asides.found)]
    empty += [row.id for row in taken if not hears_of(row.programmes, row.programme)]  # who left it meanwhile
    digests = [
        (message, item)
        for message in kept
        for item in message.items
        if _is_digest(registry, message.taken.programme, item.step)
    ]
    parents = _parents(registry, digests)
    officers = await reach_store.contacts(
        connection, _asked(registry, {item.unit for _, item in digests} | parents, now), now
    )
    periods = sorted({item.period for _, item in digests})
    expected = await message_store.expected_below(connection, sorted(parents), periods)
    readers = {message.taken.officer for message, _ in digests} | {m.taken.officer for m in kept if m.standing}
    problems: dict[tuple[int, str], list[OpenProblem]] = {}
    for problem in await message_store.open_problems(connection, sorted(readers)):
        problems.setdefault((problem.officer, problem.programme), []).append(problem)
    changed = await figure_change_store.of_alerts(
        connection, [item.alert for message in kept for item in message.items if item.step == CHANGED_AFTER]
    )
    climbing = [(message.taken.programme, item) for message, item in digests]
    told = await message_store.above_told(
        connection, [item for _, item in climbing], list(_steps_between(registry, climbing))
    )
    return Gathered(registry, now, [*kept, *faulty], empty, officers, expected, problems, changed, told)


async def _items(
    connection: Connection, registry: Registry, taken: Sequence[TakenMessage], now: datetime
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
        if item.live and not _is_late_reminder(registry, whose[item.message], item, now):
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


def _asked(registry: Registry, units: Set[str], now: datetime) -> list[str]:
    """List where those were registered who can be asked about these units: at what stands for them, or it came from."""
    days = {programme.today(now) for programme in registry.programmes.values()}
    known = [uid for uid in units if uid in registry.units]
    today = {step.uid for day in days for uid in known for step in registry.units.ladder(uid, day)[:1]}
    return sorted({former for uid in units | today for former in registry.units.came_from(uid)})


def _steps_between(registry: Registry, digests: Sequence[tuple[str, AlertItem]]) -> Iterator[tuple[int, str]]:
    """Pair each alert with the steps that speak of lateness to a level between the owing unit and the alert's."""
    for programme, item in digests:
        steps = accusing_steps(registry.programmes[programme])
        for step, up in steps.items():
            if 0 < up < steps[item.step]:
                yield item.alert, step


def _is_digest(registry: Registry, programme: str, step: str) -> bool:
    known = registry.programmes.get(programme)
    return known is not None and accusing_steps(known).get(step, 0) > 0


def _is_late_reminder(registry: Registry, programme: str, item: AlertItem, now: datetime) -> bool:
    """Tell whether it reminds of a deadline that has passed while the message waited (quiet hours, an outage)."""
    known = registry.programmes.get(programme)
    steps = {step.slug: step for step in known.escalation} if known is not None else {}
    return item.step in steps and steps[item.step].reminds and item.due_at < now


def _item(row: AlertItem, *, above_told: bool, figures: Sequence[ChangedFigure]) -> Item:
    shift = Shift.from_json(row.shifted_because) if row.shifted_because else None
    decided_by = (row.decider_unit, row.decider_agency or "") if row.decider_unit else None
    return Item(
        row.step, row.report, row.period, row.unit, row.agency, row.due_at, shift, row.alert, row.met_at, decided_by,
        above_told, figures,
    )  # fmt: skip
