"""Claim due alerts and make the messages that carry them, in the transaction of the sweep."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.notifications.alerts import alert_store
from services.notifications.alerts.alert_store import MutedAlert
from services.notifications.alerts.planning import Planner, reminders
from services.notifications.alerts.recipients import Addresser, DueAlert, NewAlert
from services.notifications.apart import Asides, apart, saved
from shared.database.connections import Connection
from shared.domain.units import Units
from shared.registry.officer_store import officer_ids, officers_by_id
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry


async def claim(
    connection: Connection, registry: Registry, planner: Planner, due: Sequence[DueAlert], asides: Asides, now: datetime
) -> tuple[int, int]:
    """Claim these alerts and make their messages; return how many of each.

    1. Find the officers of the units with seats and of those that these came from, and what they have acknowledged.
    2. Choose for each alert its officers; all that an officer hears of a programme goes into one message.
    3. Insert the alerts. The unique key (obligation or problem, cycle, step, turn, officer) decides: what another sweep
       has claimed is not claimed again, whatever was planned from rows that are old by now.
    4. Make those messages that an inserted alert names: in the same transaction, so that there is no alert without
       its message and no message without an alert.
    """
    if not due:
        return 0, 0

    def fails(one: DueAlert, error: Exception) -> None:
        kind = "obligation" if one.problem is None else "problem"
        asides.add(kind, one.obligation or one.problem, one.programme, one.unit, error)

    officers = await _officers_for(connection, registry.units, due, asides)
    muted = await alert_store.acknowledged(connection, [officer.id for officer in officers], now)
    addresser = Addresser(officers, planner.seats, _zones(registry), muted, now)
    addresser.run(due, fails)
    # In one order for all sweeps, as every bulk insert: two that overlap for a moment would deadlock.
    alerts = sorted(addresser.alerts, key=_order)
    claimed = await apart(
        alerts,
        lambda some: saved(connection, lambda: alert_store.claim_alerts(connection, some, now)),
        lambda alert, error: fails(alert.due, error),
    )
    needed = {message for messages in claimed for message in messages}
    messages = [message for message in addresser.messages.values() if message.id in needed]
    await alert_store.make_messages(connection, messages, now)
    return sum(map(len, claimed)), len(messages)


def _order(alert: NewAlert) -> tuple[int, str, int, int]:
    return alert.due.obligation or 0, alert.due.step, alert.due.turn, alert.officer or 0


async def wake(connection: Connection, registry: Registry, planner: Planner, asides: Asides, now: datetime) -> int:
    """Put on their way the alerts that an acknowledgement kept back, once it has ended and people are at work, and
    those that went aside before; return how many. What is not true any more is cancelled, and what the officer hears no
    more of: of a programme that is at rest, or that isn't theirs.
    """
    if not await alert_store.muted_wakes(connection, now):
        return 0
    due: list[MutedAlert] = []
    for alert in await alert_store.muted(connection, now, reminders(registry.programmes)):
        if alert.programme in registry.programmes:
            with asides.unless_sound("alert", alert.id, alert.programme, alert.unit):
                if planner.policy(alert.programme).hours.next_open(now) <= now:
                    due.append(alert)
    ids = sorted({alert.officer for alert in due if alert.officer is not None})
    officers = {officer.id: officer for officer in await _officers(connection, ids, asides)}
    addresser = Addresser(list(officers.values()), planner.seats, _zones(registry), {}, now)
    woken: list[tuple[int, UUID | None, bool]] = []
    for alert in due:
        officer = officers.get(alert.officer) if alert.officer is not None and alert.live else None
        with asides.unless_sound("alert", alert.id, alert.programme, alert.unit):
            if officer is not None and (not officer.belongs_to(alert.programme) or planner.at_rest(alert.programme)):
                officer = None
            uncertain = planner.is_uncertain(alert.wake_at)
            message = (
                addresser.message(officer, alert.programme, alert.unit, uncertain=uncertain).id if officer else None
            )
            woken.append((alert.id, message, uncertain))
    await alert_store.make_messages(connection, list(addresser.messages.values()), now)
    await alert_store.wake(connection, woken)
    return sum(message is not None for _, message, _ in woken)


async def _officers_for(connection: Connection, units: Units, due: Iterable[DueAlert], asides: Asides) -> list[Officer]:
    """Read all who may be chosen: those of the units with seats, of what these came from, and those named by id."""
    seated = {seat.unit for one in due for seat in one.seats}
    there = await officer_ids(connection, sorted({uid for unit in seated for uid in units.came_from(unit)}))
    named = {officer for one in due for officer in one.officers or ()}
    return await _officers(connection, sorted({*there, *named}), asides)


async def _officers(connection: Connection, ids: Sequence[int], asides: Asides) -> list[Officer]:
    """Read these officers. One whose row can't be read goes aside; the others are notified."""
    read = await apart(
        ids,
        lambda some: officers_by_id(connection, some),
        lambda id_, error: asides.add("officer", id_, "", "", error),
    )
    return [officer for officers in read for officer in officers]


def _zones(registry: Registry) -> Mapping[str, ZoneInfo]:
    """Map programmes to their time zones. One without a sound zone is left out: its alerts go aside."""
    zones: dict[str, ZoneInfo] = {}
    for slug, programme in registry.programmes.items():
        with suppress(ValueError, OSError, ZoneInfoNotFoundError):
            zones[slug] = ZoneInfo(programme.timezone)
    return zones
