"""One sweep: open what has begun, mark what is overdue, claim the steps that are due, hand the messages to the queue.

What fails in it fails alone: a row goes aside with its reason, a stage that breaks is told when the others are done.
Everything here can be run again. A crash before the commit leaves nothing; one after it leaves messages that the next
sweep publishes; a message that was published twice is sent once, because a worker takes it by compare-and-set.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.notifications import aside_store
from services.notifications.alerts import alert_store
from services.notifications.alerts.planning import PROBLEM_RAISED, Planner, accusing_steps
from services.notifications.alerts.reasons import Reason
from services.notifications.alerts.recipients import Addresser, Need
from services.notifications.alerts.summaries import claim_summaries
from services.notifications.apart import Asides, apart, saved
from services.notifications.messages import message_store
from services.notifications.obligations import obligation_store
from services.notifications.obligations.opening import Opener
from shared.database.db import DATABASE_AWAY, Connection
from shared.domain.events import ObligationState as State
from shared.registry.officer_store import officer_ids, officers_by_id
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

IDS_PER_MESSAGE = 50  # one message on the queue names that many of ours: a worker sends them side by side
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
    reasons: Mapping[Reason, int]  # what was decided about steps, reports and problems


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
    broken: list[Exception] = []
    told = _Told()

    async def stage(work: Awaitable[int]) -> int:
        """One after the other, whatever became of those before: what is made already goes out."""
        try:
            return await work
        except DATABASE_AWAY:  # a fault of ours is none of these: the other stages go on
            raise
        except Exception as error:
            broken.append(error)
            return 0

    async def tell() -> int:
        nonlocal told
        told = await _tell(connection, registry, now, held=held is not None)
        return told.messages

    opened = await stage(opener.open(connection, registry, now))
    messages = await stage(tell())
    messages += await stage(claim_summaries(connection, registry, now))
    published = await stage(hand_over(connection, publish, now, repair=repair))
    if broken:
        raise broken[0]
    return Swept(opened, told.overdue, told.alerts, messages, published, told.reasons)


@dataclass(frozen=True, slots=True)
class _Told:
    overdue: int = 0
    alerts: int = 0
    messages: int = 0
    reasons: Mapping[Reason, int] = field(default_factory=dict)


async def _tell(connection: Connection, registry: Registry, now: datetime, *, held: bool) -> _Told:
    """Plan and claim all that is due, in one transaction; what can't be told goes aside in it."""
    asides = Asides()
    async with connection.transaction():
        planner = Planner(registry, now, asides, held=held)
        overdue, needs = await _obligations(connection, registry, planner, asides, now)
        needs += await _problems(connection, registry, planner, asides)
        alerts, messages = await _claim(connection, registry, needs, asides, now)
        woken = await _wake(connection, registry, planner, asides, now)
        await aside_store.put(connection, asides.found, now)
    return _Told(overdue, alerts + woken, messages, planner.reasons)


async def hand_over(connection: Connection, publish: Publish, now: datetime, *, repair: bool) -> int:
    """Publish what should be on the queue and note it when the broker has confirmed; return how many."""
    waiting = await message_store.to_publish(connection, now, repair=repair)
    for start in range(0, len(waiting), _PUBLISH_CHUNK):
        chunk = waiting[start : start + _PUBLISH_CHUNK]
        await publish([chunk[i : i + IDS_PER_MESSAGE] for i in range(0, len(chunk), IDS_PER_MESSAGE)])
        await message_store.published(connection, chunk)
    return len(waiting)


async def _obligations(
    connection: Connection, registry: Registry, planner: Planner, asides: Asides, now: datetime
) -> tuple[int, list[Need]]:
    rows = await obligation_store.due_obligations(connection, registry.programmes, now, asides)
    if not rows:
        return 0, []
    late = [row for row in rows if row["state"] == State.LATE_MET]
    unfinished = [row for row in rows if row["state"] != State.LATE_MET]
    sent = await obligation_store.sent_steps(connection, [row["id"] for row in unfinished])
    planned = planner.escalate(unfinished, sent)
    accusing = {slug: accusing_steps(programme) for slug, programme in registry.programmes.items()}
    notified = await alert_store.notified_late(connection, [row["id"] for row in late], accusing)
    received = planner.receive(late, notified)
    whose = {row["id"]: (row["programme"], row["unit"]) for row in rows}
    await apart(
        planned.moves + received.moves,
        lambda moves: saved(connection, lambda: obligation_store.move_obligations(connection, moves, now)),
        lambda move, error: asides.add("obligation", move[0], *whose[move[0]], error),
    )
    stopped = asides.subjects("obligation")
    needs = [need for need in planned.needs + received.needs if str(need.obligation) not in stopped]
    return planned.overdue, needs


async def _problems(connection: Connection, registry: Registry, planner: Planner, asides: Asides) -> list[Need]:
    rows = [row for row in await alert_store.problems_to_tell(connection) if row["programme"] in registry.programmes]
    if not rows:
        return []
    told = await alert_store.told_problem(connection, [row["id"] for row in rows], PROBLEM_RAISED)
    needs: list[Need] = []
    done: list[int] = []
    for row in rows:
        with asides.unless_sound("problem", row["id"], row["programme"], row["unit"]):
            planned = planner.problem(row, told.get(row["id"], {}))
            if planned is not None:
                needs += planned
                done.append(row["id"])
    await alert_store.problems_told(connection, done)
    return needs


async def _claim(
    connection: Connection, registry: Registry, needs: Sequence[Need], asides: Asides, now: datetime
) -> tuple[int, int]:
    if not needs:
        return 0, 0

    def fails(need: Need, error: Exception) -> None:
        kind = "obligation" if need.problem is None else "problem"
        asides.add(kind, need.obligation or need.problem, need.programme, need.unit, error)

    officers = await _officers_for(connection, registry, needs, asides, now)
    muted = await alert_store.acknowledged(connection, [officer.id for officer in officers], now)
    addresser = Addresser(officers, _zones(registry), muted, now)
    addresser.run(needs, fails)
    return await alert_store.claim(connection, addresser.claims, list(addresser.messages.values()), now, fails)


async def _officers_for(
    connection: Connection, registry: Registry, needs: Iterable[Need], asides: Asides, now: datetime
) -> list[Officer]:
    units = {need.unit for need in needs if need.unit}
    # Who was told of a problem sits above the unit that the problem is about.
    units |= {step.uid for need in needs if need.problem for step in registry.units.ladder(need.unit, now.date())}
    return await _officers(connection, sorted(units), asides)


async def _officers(connection: Connection, units: Sequence[str], asides: Asides) -> list[Officer]:
    """The officers of these units. One whose row can't be read goes aside; the others are told."""
    read = await apart(
        await officer_ids(connection, units),
        lambda some: officers_by_id(connection, some),
        lambda id_, error: asides.add("officer", id_, "", "", error),
    )
    return [officer for officers in read for officer in officers]


async def _wake(connection: Connection, registry: Registry, planner: Planner, asides: Asides, now: datetime) -> int:
    """Tell what an acknowledgement kept back, once it has ended and people are at work; and what went aside before."""
    if not await alert_store.muted_wakes(connection, now):
        return 0
    due: list[Any] = []
    for row in await alert_store.muted(connection, now):
        if row["programme"] in registry.programmes:
            with asides.unless_sound("alert", row["id"], row["programme"], row["unit"]):
                if planner.policy(row["programme"]).hours.next_open(now) <= now:
                    due.append(row)
    officers = {o.id: o for o in await _officers(connection, sorted({row["unit"] for row in due}), asides)}
    addresser = Addresser(list(officers.values()), _zones(registry), {}, now)
    woken: list[tuple[int, Any]] = []
    for row in due:
        officer = officers.get(row["officer"])
        with asides.unless_sound("alert", row["id"], row["programme"], row["unit"]):
            told = officer is not None and row["live"]
            message = addresser.message(officer, row["programme"], row["unit"]) if officer and told else None
            woken.append((row["id"], message.id if message else None))
    await alert_store.make_messages(connection, list(addresser.messages.values()), now)
    await alert_store.wake(connection, woken)
    return sum(message is not None for _, message in woken)


def _zones(registry: Registry) -> dict[str, ZoneInfo]:
    """By programme. One without a sound zone is left out: what is its goes aside."""
    zones: dict[str, ZoneInfo] = {}
    for slug, programme in registry.programmes.items():
        with suppress(ValueError, OSError, ZoneInfoNotFoundError):
            zones[slug] = ZoneInfo(programme.timezone)
    return zones
