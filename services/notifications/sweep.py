"""One sweep: open what has begun, mark what is overdue, claim the steps that are due, hand the messages to the queue.

Everything here can be run again. A crash before the commit leaves nothing; one after it leaves messages that the next
sweep publishes; a message that was published twice is sent once, because a worker takes it by compare-and-set.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from services.notifications import message_store, store
from services.notifications.escalation import (
    Contact,
    Occurrence,
    Plan,
    Policy,
    Situation,
    addressed,
    addressees,
    contact_of,
    escalates,
    plan,
    policy_of,
    wanted_agencies,
)
from services.notifications.obligations import Opener
from services.notifications.store import Claim, NewMessage
from shared.db import Connection
from shared.programme import Programme
from shared.registry.snapshot import Registry

IDS_PER_MESSAGE = 20  # one message on the queue names that many of ours: a worker sends them over one connection
_PUBLISH_CHUNK = 500  # what is noted as published at once

Publish = Callable[[Sequence[Sequence[UUID]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    opened: int
    overdue: int
    alerts: int
    messages: int
    published: int


class _Need(NamedTuple):
    """A step of an obligation that somebody at `unit` has to hear of."""

    obligation: int
    cycle: int
    turn: Occurrence
    programme: str
    agency: str
    unit: str | None


async def sweep(
    connection: Connection,
    registry: Registry,
    opener: Opener,
    publish: Publish,
    now: datetime,
    *,
    held: str | None,
    repair: bool,
) -> Swept:
    """Run one sweep at `now` under the sweep lock, which the caller holds.

    `held` says which events are still on their way: nothing that accuses is sent meanwhile. `repair` publishes again
    what was queued long ago, where the queue is known to be empty. `publish` takes lists of message ids and returns
    when the broker has confirmed them.
    """
    opened = await opener.open(connection, registry, now)
    overdue, alerts, messages = await _claim_due(connection, registry, now, held=held is not None)
    published = await hand_over(connection, publish, repair=repair)
    return Swept(opened, overdue, alerts, messages, published)


async def hand_over(connection: Connection, publish: Publish, *, repair: bool) -> int:
    """Publish what should be on the queue and note it when the broker has confirmed; return how many."""
    waiting = await message_store.to_publish(connection, repair=repair)
    for start in range(0, len(waiting), _PUBLISH_CHUNK):
        chunk = waiting[start : start + _PUBLISH_CHUNK]
        await publish([chunk[i : i + IDS_PER_MESSAGE] for i in range(0, len(chunk), IDS_PER_MESSAGE)])
        await message_store.published(connection, chunk)
    return len(waiting)


async def _claim_due(connection: Connection, registry: Registry, now: datetime, *, held: bool) -> tuple[int, int, int]:
    async with connection.transaction():
        rows = [row for row in await store.due_obligations(connection, now) if row["programme"] in registry.programmes]
        if not rows:
            return 0, 0, 0
        sent = await store.sent_steps(connection, [row["id"] for row in rows])
        planned = _Planner(registry, now, held=held).run(rows, sent)
        await store.move_obligations(connection, planned.moves)
        units = sorted({need.unit for need in planned.needs if need.unit is not None})
        officers = await store.officers_at(connection, units) if units else []
        claims, messages = address(planned.needs, officers, registry.programmes, now)
        alerts, made = await store.claim(connection, claims, messages, now)
        return planned.overdue, alerts, made


@dataclass(slots=True)
class _Planned:
    moves: list[tuple[int, str, datetime | None]] = field(default_factory=list)
    needs: list[_Need] = field(default_factory=list)
    overdue: int = 0


class _Planner:
    """Plans many obligations; the same situation is thought through once."""

    def __init__(self, registry: Registry, now: datetime, *, held: bool) -> None:
        self._registry = registry
        self._now = now
        self._held = held
        self._policies: dict[str, Policy] = {}
        self._escalates: dict[tuple[str, str], bool] = {}
        self._plans: dict[tuple[str, Situation], Plan] = {}

    def run(self, rows: Sequence[Mapping[str, Any]], sent: Mapping[int, frozenset[tuple[str, int]]]) -> _Planned:
        """New state, next look and needs of each row."""
        planned = _Planned()
        for row in rows:
            late = row["due_at"] < self._now
            planned.overdue += late and row["state"] == "open"
            plan_ = self._plan(row, sent.get(row["id"], frozenset()), late=late)
            planned.moves.append((row["id"], "overdue" if late else row["state"], plan_.next_at))
            planned.needs += (self._need(row, turn) for turn in plan_.send)
        return planned

    def _plan(self, row: Mapping[str, Any], sent: frozenset[tuple[str, int]], *, late: bool) -> Plan:
        slug = row["programme"]
        asked = (slug, row["agency"])
        if asked not in self._escalates:
            self._escalates[asked] = escalates(self._registry.programmes[slug], row["agency"])
        situation = Situation(late, row["due_at"], row["reopened_at"], self._escalates[asked], sent)
        known = self._plans.get((slug, situation))
        if known is None:
            if slug not in self._policies:
                self._policies[slug] = policy_of(self._registry.programmes[slug])
            known = plan(situation, self._policies[slug], self._now, held=self._held)
            self._plans[slug, situation] = known
        return known

    def _need(self, row: Mapping[str, Any], turn: Occurrence) -> _Need:
        slug = row["programme"]
        if slug not in self._policies:
            self._policies[slug] = policy_of(self._registry.programmes[slug])
        today = self._now.astimezone(self._policies[slug].hours.zone).date()
        unit = addressed(self._registry.units, row["unit"], turn.to, today)
        return _Need(row["id"], row["cycle"], turn, slug, row["agency"], unit.uid if unit else None)


def address(
    needs: Sequence[_Need],
    officers: Sequence[Mapping[str, Any]],
    programmes: Mapping[str, Programme],
    now: datetime,
) -> tuple[list[Claim], list[NewMessage]]:
    """Who is told what: one message for each officer and programme, and an alert for each thing it tells."""
    at_unit: dict[str, list[Contact]] = {}
    for row in officers:
        at_unit.setdefault(row["unit"], []).append(contact_of(row))
    messages: dict[tuple[int, str], NewMessage] = {}
    told: dict[tuple[str, str, int, str], list[Contact]] = {}
    claims: list[Claim] = []
    for need in needs:
        base = (need.obligation, need.cycle, need.turn.step, need.turn.number)
        unit = need.unit or ""
        memo = (need.programme, need.agency, need.turn.to, unit)
        if memo not in told:
            programme = programmes[need.programme]
            today = now.astimezone(ZoneInfo(programme.timezone)).date()
            wanted = wanted_agencies(programme, need.agency, need.turn.to, today)
            told[memo] = addressees(at_unit.get(unit, ()), wanted)
        if not told[memo]:
            claims.append(Claim(*base, unit, None, None))
        for officer in told[memo]:
            message = messages.setdefault(
                (officer.id, need.programme), NewMessage(uuid4(), need.programme, officer.id, unit)
            )
            claims.append(Claim(*base, unit, officer.id, message.id))
    return claims, list(messages.values())
