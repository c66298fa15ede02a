"""Plays the made-up year: moves the simulated clock from stop to stop, and posts what was posted until then."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import asyncpg

from demo import play_store
from demo.data import DemoData
from demo.kip import Kip
from deploy.local.passwords import write_private
from deploy.local.processes import StartError
from deploy.local.run_clock import simulated_now
from sample.officers import as_csv
from sample.schedule import Stop
from sample.scope import READER, SENDERS
from sample.year import as_lines
from shared.access.keys import hash_key, new_key
from shared.database.connections import Connection
from shared.domain.events import BOARD_SENDER as BOARD
from shared.registry import source_store, store
from shared.runtime.clock import SystemClock

MARK = "sample-year"
DONE = "fed"
APPLY_SECONDS = 60.0
Result = TypeVar("Result")


class Play:
    """Feeds one run. How far it came is kept in the database, beside the data: a run that was cut off goes on there."""

    def __init__(
        self, data: DemoData, kip: Kip, database_url: str, intake_url: str, folder: Path, say: Callable[[str], None]
    ) -> None:
        self._data = data
        self._kip = kip
        self._database_url = database_url
        self._intake_url = intake_url
        self._folder = folder
        self._say = say

    def fed(self) -> bool:
        """Tell whether the whole year is in the database."""
        return self._progress() == DONE

    def begun(self) -> bool:
        """Tell whether some of it is."""
        return self._progress() is not None

    def keys(self) -> dict[str, str]:
        """Make a key for each sender and the reader, once, and keep them in the run's folder."""
        path = self._folder / "keys.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        wanted = self._sources()
        there = self._with_database(partial(play_store.known_sources, names=[*wanted]))
        for said in self._kip.run_all(
            [(("source", "add", name, *words, "--json"), "") for name, words in wanted.items() if name not in there]
        ):
            added = json.loads(said)
            known[added["source"]] = added["key"]
        for name in wanted.keys() - known.keys():  # the folder was wiped, the database was not
            known[name] = self._with_database(partial(_add_key, name=name))
        self._folder.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(known, indent=1))
        return known

    def feed(self, keys: dict[str, str]) -> None:
        """Import the officers and play every stop that was not played yet."""
        officers = self._folder / "officers.csv"
        officers.write_text(as_csv(self._data.officers), encoding="utf-8")
        self._kip.run("officer", "import", str(officers))
        first = int(self._progress() or 0)
        stops = len(self._data.stops)
        self._say(f"playing {self._data.tally.posted:,} events in {stops} stops of the clock, from stop {first + 1} on")
        for number, stop in enumerate(self._data.stops[first:], start=first):
            self._play(stop, number, keys)
            self._remember(str(number + 1))
        self.wait_applied()
        self._remember(DONE)

    def now(self) -> datetime | None:
        """Read the simulated instant; None where the clock is real."""
        return simulated_now(self._database_url)

    def tick(self, at: datetime) -> None:
        """Move the simulated clock to this instant; what falls due until then has gone out when it returns."""
        self._kip.run("tick", "--now", at.isoformat(), "--json")

    def wait_applied(self) -> None:
        """Wait until every event that was accepted stands in the ledger. Raises StartError where it takes too long."""
        expected, names = self._data.tally.accepted, sorted({*SENDERS.values(), BOARD})
        deadline = time.monotonic() + APPLY_SECONDS
        counted = partial(play_store.count_applied, senders=names)
        while (applied := self._with_database(counted)) < expected:
            if time.monotonic() > deadline:
                raise StartError(f"{applied:,} of {expected:,} events were applied after {APPLY_SECONDS:.0f} s")
            self._say(f"{applied:,} of {expected:,} events applied")
            time.sleep(0.3)
        self._say(f"all {applied:,} events are applied")

    def _play(self, stop: Stop, number: int, keys: dict[str, str]) -> None:
        now = self.now()
        if now is None or now < stop.at:  # a run that was cut off may find the clock beyond its next stop
            self.tick(stop.at)
        commands = []
        for sender in sorted(SENDERS.values()):
            posts = [post for post in stop.posts if post.sender == sender]
            if posts:
                path = self._folder / f"{number:02d}-{sender}.jsonl"
                path.write_text(as_lines(posts), encoding="utf-8")
                words = ("post", str(path), "--url", self._intake_url, "--patience", "30", "--json")
                commands.append((words, keys[sender]))
        accepted = sum(json.loads(said)["accepted"] for said in self._kip.run_all(commands))
        what = f"{accepted:,} events posted" if commands else "what is due has gone out"
        self._say(f"{stop.at:%d/%m/%Y %H:%M}  {what}")

    def _sources(self) -> dict[str, tuple[str, ...]]:
        return {**{name: ("--subtree", uid) for uid, name in SENDERS.items()}, READER: ("--read",)}

    def _progress(self) -> str | None:
        return self._with_database(lambda connection: store.digest_of(connection, MARK))

    def _remember(self, progress: str) -> None:
        now = SystemClock().now()
        self._with_database(lambda connection: store.remember_load(connection, MARK, progress, now))

    def _with_database(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        async def run() -> Result:
            connection = await asyncpg.connect(self._database_url, timeout=10)
            try:
                return await work(connection)
            finally:
                await connection.close(timeout=5)

        return asyncio.run(run())


async def _add_key(connection: Connection, name: str) -> str:
    key = new_key()
    await source_store.add_key(connection, name, hash_key(key), SystemClock().now())
    return key
