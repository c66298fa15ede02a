"""The tables of put-aside events: each service has its own, of the same form."""

import json
from collections.abc import Awaitable, Callable, Collection
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from cli.checks import read_registry
from cli.dead.source import GONE, DeadRow, Outcomes
from services.aggregation import dead_store as aggregation_store
from services.aggregation.apply import apply_batch
from services.aggregation.contribution import Contributor
from services.aggregation.record_subject import UnknownToUsError
from services.notifications.obligations import dead_store as notifications_store
from services.notifications.obligations.consumer import read_batch, settle
from shared.database.connections import Connection
from shared.database.dead_store import DeadStore, WaitingEvent
from shared.registry.snapshot import Registry
from shared.runtime.clock import SystemClock
from shared.values.scalars import ScalarError, shown, whole_number

Apply = Callable[[Connection, Registry, dict[str, Any], datetime], Awaitable[str]]  # one event; how it ended


class TableOfEvents:
    """A table of events that wait, and how one of them is applied again."""

    def __init__(self, name: str, connection: Connection, store: DeadStore, apply: Apply) -> None:
        self.name = name
        self._connection = connection
        self._store = store
        self._apply = apply

    async def rows(self, limit: int) -> list[DeadRow]:
        """List the events that wait, oldest first."""
        rows = await self._store.list_waiting(self._connection, limit)
        return [_row(self.name, row) for row in rows]

    async def show(self, name: str) -> dict[str, Any] | None:
        """Return one event, whole, with its reason."""
        row = await self._store.show(self._connection, number_of(name))
        if row is None:
            return None
        settled = row.settled_at.isoformat() if row.settled_at else None
        event, died_at = json.loads(row.event), row.died_at.isoformat()
        return {**row._asdict(), "event": event, "died_at": died_at, "settled_at": settled}

    async def replay(self, names: Collection[str] | None) -> Outcomes:
        """Apply them again. One that fails again is listed anew."""
        registry = await read_registry(self._connection)  # a transaction of its own kind: it can't be inside another
        for number in await self._numbers(names):
            now = SystemClock().now()
            async with self._connection.transaction():
                text = await self._store.settle(self._connection, number, "replayed", now)
                outcome = GONE if text is None else await self._apply(self._connection, registry, json.loads(text), now)
            yield str(number), outcome

    async def drop(self, names: Collection[str] | None) -> Outcomes:
        """Give them up. They stay in the table, marked as dropped."""
        for number in await self._numbers(names):
            settled = await self._store.settle(self._connection, number, "dropped", SystemClock().now())
            yield str(number), GONE if settled is None else "dropped"

    async def _numbers(self, names: Collection[str] | None) -> list[int]:
        if names is None:
            return await self._store.numbers(self._connection)
        return [number_of(name) for name in names]


def _row(source: str, row: WaitingEvent) -> DeadRow:
    return DeadRow(source, str(row.number), row.kind, row.unit, row.sender, row.reason, row.died_at, row.number, row.id)


def number_of(name: str) -> int:
    """Read the row's number from a name within a table. Raises ValueError."""
    try:
        return whole_number(name)
    except ScalarError:
        raise ValueError(f"expected a number that 'kip dead list' shows, got {shown(name).en}") from None


def of_aggregation(connection: Connection) -> TableOfEvents:
    """Open the table of what aggregation put aside."""
    return TableOfEvents("aggregation", connection, aggregation_store.DEAD, _count)


def of_notifications(connection: Connection) -> TableOfEvents:
    """Open the table of what notifications put aside."""
    return TableOfEvents("notifications", connection, notifications_store.DEAD, _take)


async def _count(connection: Connection, registry: Registry, event: dict[str, Any], now: datetime) -> str:
    partition = registry.partitions.get(str(event.get("province")), 0)
    try:
        applied = await apply_batch(lambda: nullcontext(connection), partition, [event], Contributor(registry), now)
    except UnknownToUsError as error:
        raise ValueError(f"the registry lacks {error}; load it first ('kip load')") from None
    return ", ".join(outcome for _, outcome in applied.outcomes)


async def _take(connection: Connection, registry: Registry, event: dict[str, Any], now: datetime) -> str:
    taken = read_batch([event], registry)
    await settle(lambda: nullcontext(connection), registry, taken, now)
    return "dead" if taken.dead else "taken" if taken.readings else "concerns no obligation and no problem"
