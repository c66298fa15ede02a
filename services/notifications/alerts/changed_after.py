"""Tell who has handed a report in that somebody else has changed its figures since: once for each handing in.

What was changed waits in `notifications.figure_change` until work starts next, so that one letter names all that a
night or a day has changed. What is as it was handed in again by then, or handed in anew, nobody hears of. A change of
a programme at rest is done with on its morning: nobody hears of it later either (docs/decisions/changed-after.md).
"""

from datetime import datetime
from typing import NamedTuple

from services.notifications.alerts import changed_after_store
from services.notifications.alerts.changed_after_store import WaitingChange
from services.notifications.alerts.planning import Planner
from services.notifications.alerts.reasons import Reason
from services.notifications.alerts.recipients import DueAlert
from services.notifications.apart import Asides, is_of_the_data
from shared.database.connections import Connection
from shared.registry.snapshot import Registry

CHANGED_AFTER = "changed-after"  # the step


class ChangedNow(NamedTuple):
    """The changes that are looked at in a sweep, and the alerts of those that are told."""

    changes: list[WaitingChange]
    due: list[DueAlert]


async def plan_changed_after(
    connection: Connection, registry: Registry, planner: Planner, asides: Asides, now: datetime
) -> ChangedNow:
    """Read the changes that may be told now, and plan whom to tell: one alert for each handing in.

    Before work starts none is read: a night's push can change every figure of a country, and we sweep all night.
    """
    due: dict[tuple[int, int], DueAlert] = {}
    done: list[WaitingChange] = []
    opened = {slug: at for slug in registry.programmes if (at := _opened_at(planner, slug, now)) is not None}
    for change in await changed_after_store.waiting(connection, opened):
        with asides.unless_sound("obligation", change.obligation, change.programme, change.unit):
            planner.policy(change.programme)  # of a programme that has none the change goes aside
            alert = _alert(planner, change)
            if alert is not None:
                due.setdefault((change.obligation, change.number), alert)
            done.append(change)
    return ChangedNow(done, list(due.values()))


async def note_changed_after(connection: Connection, changed: ChangedNow, asides: Asides) -> None:
    """Note in the transaction of the claim what needs no telling any more: all but what went aside."""
    stopped = asides.subjects("obligation")
    await changed_after_store.note_told(connection, [it for it in changed.changes if str(it.obligation) not in stopped])


def _opened_at(planner: Planner, programme: str, now: datetime) -> datetime | None:
    """When the programme's working day began; now where its hours can't be made out, so that its changes are seen."""
    try:
        return planner.policy(programme).hours.opened_at(now)
    except Exception as error:
        if not is_of_the_data(error):
            raise
        return now


def _alert(planner: Planner, change: WaitingChange) -> DueAlert | None:
    """Make the alert of a change; None where its programme is at rest."""
    reason = Reason.AT_REST if planner.at_rest(change.programme) else Reason.CHANGED_AFTER
    planner.reasons[reason] += 1
    if reason is Reason.AT_REST:
        return None
    seats = planner.seats(change.programme).of(change.agency, change.unit, 0)
    base = (change.obligation, None, change.cycle, CHANGED_AFTER, change.number, change.programme)
    return DueAlert(*base, seats[0].unit, reason, seats)
