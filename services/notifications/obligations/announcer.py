"""Publish obligation.* events from the outbox, so that timeliness rolls up like any figure.

An event is published, confirmed, then noted. A crash in between publishes it again, byte for byte the same.

After a restore of the database aggregation may have, or still get, events of the time that was lost. Rows' numbers and
revisions come again with other contents: so an event's id names the epoch, which a restore raises, and its revision
begins above all that was given in an earlier one. Whatever order they come in, the latest epoch's count.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import cast

from services.notifications import aside_store
from services.notifications.apart import Asides, apart
from services.notifications.obligations import change_store
from services.notifications.obligations.change_store import Change, ChangeKey
from shared.broker.notices import Changed
from shared.broker.outbox import Outbox
from shared.broker.topology import routing_key
from shared.database.connections import Connection, Pool
from shared.domain.canonical import CanonicalEvent, EventData, encode_batch
from shared.domain.events import NOTIFICATIONS_SENDER, NOTIFICATIONS_SOURCE, ObligationChange, ObligationChanged
from shared.registry.snapshot import Registry

_CHUNK = 1000  # changes in one transaction: a message of half a megabyte at most
_SECONDS_OF_2020 = 1_577_836_800

PublishEvents = Callable[[str, bytes], Awaitable[None]]  # routing key, body


class Announcer(Outbox):
    """One replica's publisher of what changed. `on_changed` hears of which units, once it is published."""

    def __init__(
        self,
        pool: Pool,
        registry: Callable[[], Registry],
        now: Callable[[], datetime],
        publish: PublishEvents,
        on_changed: Callable[[Collection[Changed]], None],
    ) -> None:
        super().__init__("changes", lambda: pool, self._announce_some, _CHUNK)
        self._registry = registry
        self._now = now
        self._publish = publish
        self._on_changed = on_changed

    async def _announce_some(self, connection: Connection) -> int:
        taken = await change_store.take_unpublished(connection, _CHUNK)
        if taken:
            asides = Asides()
            rows = await self._read(connection, taken, asides)
            for key, events in grouped(rows, self._registry(), asides).items():
                await self._publish(key, encode_batch(events))
            await change_store.published(connection, taken)
            self._on_changed({Changed(row.programme, row.unit) for row in rows})
            await aside_store.put(connection, asides.found, self._now())
        return len(taken)

    async def _read(self, connection: Connection, taken: Sequence[ChangeKey], asides: Asides) -> list[Change]:
        """Read the changes in full. One that Python can't read goes aside."""
        read = await apart(
            taken,
            lambda some: change_store.read_changes(connection, some),
            lambda key, error: asides.add("change", key.name, key.programme, key.unit, error),
        )
        return [row for rows in read for row in rows]


def grouped(rows: Sequence[Change], registry: Registry, asides: Asides) -> dict[str, list[CanonicalEvent]]:
    """Group the canonical events of these changes by routing key; a change that makes none goes aside."""
    found: dict[str, list[CanonicalEvent]] = {}
    for row in rows:
        with asides.unless_sound("change", row.name, row.programme, row.unit):
            province = registry.units.province_of(row.unit)
            key = routing_key(ObligationChange(row.change).kind, registry.partition_of(province))
            event = event_of(row, province)
            found.setdefault(key, []).append(event)
    return found


def first_revision(epoch: int) -> int:
    """Say above which revision those of an epoch (milliseconds since 1970, 0: never restored) are.

    It is the seconds since 2020: revisions of one obligation are tens, and two restores lie further apart. They end in
    2088, where an event's revision does.
    """
    return max(0, epoch // 1000 - _SECONDS_OF_2020)


def event_of(row: Change, province: str) -> CanonicalEvent:
    """Make the canonical event of one change."""
    data = ObligationChanged(
        programme=row.programme, report=row.report, agency=row.agency, period=row.period,
        state=row.state, cycle=row.cycle, due_at=row.due_at, met_at=row.met_at,
        revision=first_revision(row.epoch) + row.revision,
    )  # fmt: skip
    return CanonicalEvent(
        id=f"{row.epoch}.{row.name}" if row.epoch else row.name,
        source=NOTIFICATIONS_SOURCE,
        kind=ObligationChange(row.change).kind,
        unit=row.unit,
        time=row.at,
        written_time=row.at.isoformat().replace("+00:00", "Z"),
        sender=NOTIFICATIONS_SENDER,
        accepted_at=row.at,
        province=province,
        data=cast("EventData", data.model_dump(mode="json")),
    )
