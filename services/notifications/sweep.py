"""One sweep: open what has begun, mark what is overdue, claim the steps that are due, hand the messages to the queue.

Everything here can be run again. A crash before the commit leaves nothing; one after it leaves messages that the next
sweep publishes; a message that was published twice is sent once, because a worker takes it by compare-and-set.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications import message_store, notice_store, store
from services.notifications.addressing import Addresser, Need
from services.notifications.obligations import Opener
from services.notifications.planning import PROBLEM_RAISED, Planner, accusing_steps
from services.notifications.summaries import claim_summaries
from shared.db import Connection
from shared.events import ObligationState as State
from shared.registry.officers import Officer, officers_at
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
    async with connection.transaction():
        planner = Planner(registry, now, held=held is not None)
        overdue, needs = await _obligations(connection, registry, planner, now)
        needs += await _problems(connection, registry, planner)
        alerts, messages = await _claim(connection, registry, needs, now)
        woken = await _wake(connection, registry, planner, now)
    summaries = await claim_summaries(connection, registry, now)
    published = await hand_over(connection, publish, now, repair=repair)
    return Swept(opened, overdue, alerts + woken, messages + summaries, published)


async def hand_over(connection: Connection, publish: Publish, now: datetime, *, repair: bool) -> int:
    """Publish what should be on the queue and note it when the broker has confirmed; return how many."""
    waiting = await message_store.to_publish(connection, now, repair=repair)
    for start in range(0, len(waiting), _PUBLISH_CHUNK):
        chunk = waiting[start : start + _PUBLISH_CHUNK]
        await publish([chunk[i : i + IDS_PER_MESSAGE] for i in range(0, len(chunk), IDS_PER_MESSAGE)])
        await message_store.published(connection, chunk)
    return len(waiting)


async def _obligations(
    connection: Connection, registry: Registry, planner: Planner, now: datetime
) -> tuple[int, list[Need]]:
    rows = [row for row in await store.due_obligations(connection, now) if row["programme"] in registry.programmes]
    if not rows:
        return 0, []
    late = [row for row in rows if row["state"] == State.LATE_MET]
    unfinished = [row for row in rows if row["state"] != State.LATE_MET]
    sent = await store.sent_steps(connection, [row["id"] for row in unfinished])
    planned = planner.escalate(unfinished, sent)
    accusing = {slug: accusing_steps(programme) for slug, programme in registry.programmes.items()}
    told = await notice_store.told_late(connection, [row["id"] for row in late], accusing)
    received = planner.receive(late, told)
    await store.move_obligations(connection, planned.moves + received.moves, now)
    return planned.overdue, planned.needs + received.needs


async def _problems(connection: Connection, registry: Registry, planner: Planner) -> list[Need]:
    rows = [row for row in await notice_store.problems_to_tell(connection) if row["programme"] in registry.programmes]
    if not rows:
        return []
    told = await notice_store.told_problem(connection, [row["id"] for row in rows], PROBLEM_RAISED)
    needs: list[Need] = []
    done: list[int] = []
    for row in rows:
        officers = told.get(row["id"], {})
        if row["state"] == "resolved" and "queued" in officers.values():
            continue  # its delivery will say whether they hear of it at all
        needs += planner.problem(row, frozenset(officers))
        done.append(row["id"])
    await notice_store.problems_told(connection, done)
    return needs


async def _claim(connection: Connection, registry: Registry, needs: Sequence[Need], now: datetime) -> tuple[int, int]:
    if not needs:
        return 0, 0
    officers = await _officers_for(connection, registry, needs, now)
    muted = await notice_store.acknowledged(connection, [officer.id for officer in officers], now)
    addresser = Addresser(officers, _zones(registry), muted, now)
    addresser.run(needs)
    return await notice_store.claim(connection, addresser.claims, list(addresser.messages.values()), now)


async def _officers_for(
    connection: Connection, registry: Registry, needs: Iterable[Need], now: datetime
) -> list[Officer]:
    units = {need.unit for need in needs if need.unit}
    # Who was told of a problem sits above the unit that the problem is about.
    units |= {step.uid for need in needs if need.problem for step in registry.units.ladder(need.unit, now.date())}
    return await officers_at(connection, sorted(units))


async def _wake(connection: Connection, registry: Registry, planner: Planner, now: datetime) -> int:
    """Tell what an acknowledgement kept back, once it has ended and people are at work."""
    if not await notice_store.muted_wakes(connection, now):
        return 0
    rows = [row for row in await notice_store.muted(connection, now) if row["programme"] in registry.programmes]
    rows = [row for row in rows if planner.policy(row["programme"]).hours.next_open(now) <= now]
    officers = {o.id: o for o in await officers_at(connection, sorted({row["unit"] for row in rows}))}
    addresser = Addresser(list(officers.values()), _zones(registry), {}, now)
    woken: list[tuple[int, Any]] = []
    for row in rows:
        officer = officers.get(row["officer"])
        told = officer is not None and row["live"]
        message = addresser.message(officer, row["programme"], row["unit"]) if officer and told else None
        woken.append((row["id"], message.id if message else None))
    await notice_store.make_messages(connection, list(addresser.messages.values()), now)
    await notice_store.wake(connection, woken)
    return sum(message is not None for _, message in woken)


def _zones(registry: Registry) -> dict[str, ZoneInfo]:
    return {slug: ZoneInfo(programme.timezone) for slug, programme in registry.programmes.items()}
