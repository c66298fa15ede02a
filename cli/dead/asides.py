"""Rows that notifications could not tell, open or publish: they went aside alone, and all the others went on."""

import json
from collections.abc import Collection
from typing import Any

from cli.dead.source import DeadRow, Outcomes, read_number
from services.notifications import aside_store
from services.notifications import store as sweep_store
from shared.clock import SystemClock
from shared.db import Connection
from shared.registry import store as registry_store

_GONE = "doesn't wait any more"


class RowsAside:
    """`notifications.aside`."""

    name = "row"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rows(self, limit: int) -> list[DeadRow]:
        """Those that wait, oldest first."""
        return [
            DeadRow(
                self.name, str(row["number"]), row["kind"], row["unit"], row["programme"], row["reason"],
                row["died_at"], row["number"],
            )
            for row in await aside_store.list_waiting(self._connection, limit)
        ]  # fmt: skip

    async def show(self, name: str) -> dict[str, Any] | None:
        """One, with its reason and the row that it is about as it is now."""
        row = await aside_store.show(self._connection, read_number(name))
        if row is None:
            return None
        settled = row["settled_at"] and row["settled_at"].isoformat()
        told = {**dict(row), "row": json.loads(row["row"]) if row["row"] else None}
        return {**told, "died_at": row["died_at"].isoformat(), "settled_at": settled}

    async def replay(self, names: Collection[str] | None) -> Outcomes:
        """Have the next sweep take them up. One that fails again is listed anew."""
        for number in await self._numbers(names):
            now = SystemClock().now()
            running = await registry_store.read_clock(self._connection)
            of_run = SystemClock(running[0]).now() if running else now
            waited = await aside_store.replay(self._connection, [number], now, of_run)
            if waited:
                await sweep_store.request_sweep(self._connection)
            yield str(number), "is taken up by the next sweep" if waited else _GONE

    async def drop(self, names: Collection[str] | None) -> Outcomes:
        """Give them up: they are told to nobody until they change."""
        for number in await self._numbers(names):
            dropped = await aside_store.drop(self._connection, number, SystemClock().now())
            yield str(number), "dropped" if dropped else _GONE

    async def _numbers(self, names: Collection[str] | None) -> list[int]:
        if names is None:
            return await aside_store.numbers(self._connection)
        return [read_number(name) for name in names]
