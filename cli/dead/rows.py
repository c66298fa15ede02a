"""Notifications' own rows that could not be told, opened or published: the next sweep tries them again."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from cli.dead.source import GONE, DeadRow, Outcomes
from cli.dead.tables import number_of
from services.notifications import aside_store
from services.notifications.obligations import obligation_store as sweep_store
from shared.database.connections import Connection
from shared.registry import store as registry_store
from shared.runtime.clock import SystemClock


class TableOfRows:
    """The table `notifications.aside`."""

    name = "notifications.rows"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rows(self, limit: int) -> list[DeadRow]:
        """List the rows that wait, oldest first."""
        return [
            DeadRow(
                self.name, str(row.number), row.kind, row.unit, None, row.reason, row.died_at, row.number,
            )
            for row in await aside_store.list_waiting(self._connection, limit)
        ]  # fmt: skip

    async def show(self, name: str) -> dict[str, Any] | None:
        """Return one row with its reason, and with what it is about as that is now."""
        found = await aside_store.show(self._connection, number_of(name))
        if found is None:
            return None
        settled = found.settled_at.isoformat() if found.settled_at else None
        row = json.loads(found.row) if found.row else None
        return {**found._asdict(), "died_at": found.died_at.isoformat(), "settled_at": settled, "row": row}

    async def replay(self, names: Collection[str] | None) -> Outcomes:
        """Have the next sweep take them up. One that fails again is listed anew."""
        machine = SystemClock().now()
        for number in await self._numbers(names):
            taken = await aside_store.replay(self._connection, [number], machine, await self._now(machine))
            yield str(number), "is taken up by the next sweep" if taken else GONE
        await sweep_store.request_sweep(self._connection)

    async def drop(self, names: Collection[str] | None) -> Outcomes:
        """Give them up. They stay in the table, marked as dropped."""
        for number in await self._numbers(names):
            dropped = await aside_store.drop(self._connection, number, SystemClock().now())
            yield str(number), "dropped" if dropped else GONE

    async def _numbers(self, names: Collection[str] | None) -> list[int]:
        return await aside_store.numbers(self._connection) if names is None else [number_of(name) for name in names]

    async def _now(self, machine: datetime) -> datetime:
        """Return the run's time, which may be simulated."""
        running = await registry_store.read_clock(self._connection)
        return machine + running[0] if running else machine
