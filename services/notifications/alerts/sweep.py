"""One sweep: open what has begun, mark what is overdue, claim the alerts that are due, hand the messages to the queue.

What fails in it fails alone: a row goes aside with its reason, a stage that breaks is raised when the others are done.
Everything here can be run again. A crash before the commit leaves nothing; one after it leaves messages that the next
sweep publishes; a message that was published twice is sent once, because a worker takes it by compare-and-set.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from services.notifications import aside_store
from services.notifications.alerts import alert_store, outgoing_store
from services.notifications.alerts.changed_after import note_changed_after, plan_changed_after
from services.notifications.alerts.claiming import claim, wake
from services.notifications.alerts.decided import note_decided, plan_decided
from services.notifications.alerts.planning import PROBLEM_RAISED, Planned, Planner, accusing_steps
from services.notifications.alerts.reasons import Reason
from services.notifications.alerts.recipients import DueAlert
from services.notifications.alerts.summaries import claim_summaries
from services.notifications.alerts.uncertain import LostTime
from services.notifications.apart import Asides, apart, saved
from services.notifications.obligations import obligation_store
from services.notifications.obligations.obligation_store import DueObligation
from services.notifications.obligations.opening import Opener
from shared.database.connections import DATABASE_AWAY, Connection
from shared.domain.events import ObligationState as State
from shared.registry.snapshot import Registry

IDS_PER_MESSAGE = 50  # one message on the queue names that many of ours: a worker sends them side by side
_PUBLISH_CHUNK = 500  # what is noted as published at once

Result = TypeVar("Result")
Publish = Callable[[Sequence[Sequence[UUID]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did. `reasons` counts what was decided about steps, late reports and problems."""

    opened: int
    overdue: int
    alerts: int
    messages: int
    published: int
    reasons: Mapping[Reason, int]


async def sweep(
    connection: Connection,
    registry: Registry,
    opener: Opener,
    publish: Publish,
    now: datetime,
    *,
    held: str | None,
    repair: bool,
    lost: LostTime | None = None,
) -> Swept:
    """Run one sweep at `now` under the sweep lock, which the caller holds.

    `held` says which events are still on their way: nothing that accuses is sent meanwhile. `repair` publishes again
    what was queued long ago, where the queue is known to be empty. What was due in the `lost` time is claimed and kept
    back. `publish` takes lists of message ids and returns
    when the broker has confirmed them.
    """
    broken: list[Exception] = []
    opened = await _stage(opener.open(connection, registry, now), 0, broken)
    claimed = await _stage(_claim_due(connection, registry, now, lost, held=held is not None), _Claimed(), broken)
    summaries = await _stage(claim_summaries(connection, registry, now, lost), 0, broken)
    published = await _stage(hand_over(connection, publish, now, repair=repair), 0, broken)
    if broken:
        raise broken[0]
    messages = claimed.messages + summaries
    return Swept(opened, claimed.overdue, claimed.alerts, messages, published, claimed.reasons)


async def _stage(work: Awaitable[Result], otherwise: Result, broken: list[Exception]) -> Result:
    """Run one stage after the other, whatever became of those before: what is made already goes out.

    `otherwise` stands for what a stage that breaks did not return. Raises one of DATABASE_AWAY: nothing else can go on.
    """
    try:
        return await work
    except DATABASE_AWAY:  # a fault of ours is none of these
        raise
    except Exception as error:
        broken.append(error)
        return otherwise


@dataclass(frozen=True, slots=True)
class _Claimed:
    overdue: int = 0
    alerts: int = 0
    messages: int = 0
    reasons: Mapping[Reason, int] = field(default_factory=dict)


async def _claim_due(
    connection: Connection, registry: Registry, now: datetime, lost: LostTime | None, *, held: bool
) -> _Claimed:
    """Plan and claim all that is due, in one transaction; what can't be claimed goes aside in it.

    The rows of what is planned are locked first and moved on last: a decision or an answer that comes meanwhile waits,
    and is judged by what was claimed.
    """
    asides = Asides()
    async with connection.transaction():
        planner = Planner(registry, now, asides, held=held, lost=lost)
        overdue, due = await _obligations(connection, registry, planner, asides, now)
        decided = await plan_decided(connection, registry, planner, asides, now)
        changed = await plan_changed_after(connection, registry, planner, asides, now)
        due += decided.due + changed.due + await _problems(connection, registry, planner, asides)
        alerts, messages = await claim(connection, registry, planner, due, asides, now)
        await note_decided(connection, decided, asides)
        await note_changed_after(connection, changed, asides)
        woken = await wake(connection, registry, planner, asides, now)
        await aside_store.put(connection, asides.found, now)
    return _Claimed(overdue, alerts + woken, messages, planner.reasons)


async def hand_over(connection: Connection, publish: Publish, now: datetime, *, repair: bool) -> int:
    """Publish what should be on the queue and note it when the broker has confirmed; return how many."""
    waiting = await outgoing_store.to_publish(connection, now, repair=repair)
    for start in range(0, len(waiting), _PUBLISH_CHUNK):
        chunk = waiting[start : start + _PUBLISH_CHUNK]
        await publish([chunk[i : i + IDS_PER_MESSAGE] for i in range(0, len(chunk), IDS_PER_MESSAGE)])
        await outgoing_store.published(connection, chunk)
    return len(waiting)


async def _obligations(
    connection: Connection, registry: Registry, planner: Planner, asides: Asides, now: datetime
) -> tuple[int, list[DueAlert]]:
    """Plan the obligations that have to be looked at, and move them on; return how many are overdue, and their alerts.

    No alert is due for an obligation that went aside: its row stays where it was, and nobody is notified of it.
    """
    keys = [key for key in await obligation_store.due_keys(connection, now) if key.programme in registry.programmes]
    whose = {key.id: key for key in keys}

    def fails(obligation: int, error: Exception) -> None:
        asides.add("obligation", obligation, whose[obligation].programme, whose[obligation].unit, error)

    read = await apart(list(whose), lambda ids: obligation_store.due_obligations(connection, ids), fails)
    rows = [row for some in read for row in some]
    if not rows:
        return 0, []
    planned = await _planned(connection, registry, planner, rows)
    await apart(
        planned.moves,
        lambda moves: saved(connection, lambda: obligation_store.move_obligations(connection, moves, now)),
        lambda move, error: fails(move.id, error),
    )
    stopped = asides.subjects("obligation")
    return planned.overdue, [alert for alert in planned.due if str(alert.obligation) not in stopped]


async def _planned(
    connection: Connection, registry: Registry, planner: Planner, rows: Sequence[DueObligation]
) -> Planned:
    late = [row for row in rows if row.state == State.LATE_MET]
    unfinished = [row for row in rows if row.state != State.LATE_MET]
    sent = await obligation_store.sent_turns(connection, [row.id for row in unfinished])
    planned = planner.escalate(unfinished, sent)
    accusing = {slug: accusing_steps(programme) for slug, programme in registry.programmes.items()}
    notified = await alert_store.notified_late(connection, [row.id for row in late], accusing)
    received = planner.receive(late, notified)
    return Planned(planned.moves + received.moves, planned.due + received.due, planned.overdue)


async def _problems(connection: Connection, registry: Registry, planner: Planner, asides: Asides) -> list[DueAlert]:
    rows = [row for row in await alert_store.waiting_problems(connection) if row.programme in registry.programmes]
    if not rows:
        return []
    notified = await alert_store.notified_of_problems(connection, [row.id for row in rows], PROBLEM_RAISED)
    due: list[DueAlert] = []
    done: list[int] = []
    for row in rows:
        with asides.unless_sound("problem", row.id, row.programme, row.unit):
            planned = planner.problem(row, notified.get(row.id, {}))
            if planned is not None:
                due += planned
                done.append(row.id)
    await alert_store.note_claimed(connection, done)
    return due
