"""Tell a unit that its deadline was extended or its report waived: who decided and why is behind the link.

A decision waits in `notifications.change` until it is told, at work's hours, to the officers of the owing unit. What
was decided before and is overtaken by now is noted, and nobody hears of it.
"""

from datetime import datetime
from typing import NamedTuple

from services.notifications.alerts import decided_store
from services.notifications.alerts.decided_store import Decided
from services.notifications.alerts.planning import Planner
from services.notifications.alerts.reasons import Reason
from services.notifications.alerts.recipients import DueAlert
from services.notifications.apart import Asides
from shared.database.connections import Connection
from shared.registry.snapshot import Registry

EXTENDED, WAIVED = "extended", "waived"  # their steps


class DecidedNow(NamedTuple):
    """The decisions that are looked at in a sweep, and the alerts of those that are told."""

    decisions: list[Decided]
    due: list[DueAlert]


async def plan_decided(
    connection: Connection, registry: Registry, planner: Planner, asides: Asides, now: datetime
) -> DecidedNow:
    """Read the decisions that may be told now, and plan whom to tell of what."""
    due: list[DueAlert] = []
    done: list[Decided] = []
    for decided in await decided_store.waiting(connection):
        if decided.programme in registry.programmes:
            with asides.unless_sound("obligation", decided.obligation, decided.programme, decided.unit):
                if planner.policy(decided.programme).hours.next_open(now) <= now:
                    due += _alerts(planner, decided)
                    done.append(decided)
    return DecidedNow(done, due)


async def note_decided(connection: Connection, decided: DecidedNow, asides: Asides) -> None:
    """Note in the transaction of the claim what needs no telling any more: all but what went aside."""
    stopped = asides.subjects("obligation")
    await decided_store.note_told(connection, [it for it in decided.decisions if str(it.obligation) not in stopped])


def _alerts(planner: Planner, decided: Decided) -> list[DueAlert]:
    """List the alert of a decision; none where it was overtaken, or its programme is at rest."""
    at_rest = planner.at_rest(decided.programme)
    reason = Reason.AT_REST if at_rest else Reason.DECIDED if decided.stands else Reason.OVERTAKEN
    planner.reasons[reason] += 1
    if reason is not Reason.DECIDED:
        return []
    seats = planner.seats(decided.programme).of(decided.agency, decided.unit, 0)
    base = (decided.obligation, None, decided.cycle, decided.step, 1, decided.programme)
    return [DueAlert(*base, seats[0].unit, reason, seats, uncertain=planner.is_uncertain(decided.at))]
