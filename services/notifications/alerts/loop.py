"""Run the sweeps: at an interval, at once when asked, in one replica at a time."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from services.notifications.alerts import count_store, outgoing_store
from services.notifications.alerts.escalation import first_look
from services.notifications.alerts.reasons import Reason
from services.notifications.alerts.sweep import Publish, Swept, sweep
from services.notifications.alerts.uncertain import lost_time
from services.notifications.alerts.vacancies import by_level, vacancies
from services.notifications.apart import reason_of
from services.notifications.obligations import obligation_store
from services.notifications.obligations.opening import Opener
from shared.broker.recurring import Recurring
from shared.database.connections import Connection, Pool
from shared.registry import restore_store
from shared.registry.snapshot import Registry
from shared.runtime.clock import Clock, SystemClock
from shared.runtime.metrics import (
    CURRENT_OBLIGATIONS,
    OBLIGATIONS,
    OLDEST_UNDELIVERED_ALERT,
    SWEEP_LAST_SUCCESS,
    UNADDRESSED_ALERTS,
)

log = structlog.get_logger()
MOST_BROKEN = 3  # sweeps in a row, before the service says that it isn't ready
_LEAST_PAUSE = 0.2  # between two sweeps, however often somebody asks
_PAUSE_WHILE_HELD = 0.3
_PAUSE_UNTIL_REPLAYED = 2.0
_COUNT_SECONDS = 300.0  # counts are of the run's day and of who is registered: both change without a sweep's doing
# For a sweep on one connection: a server that hangs is left after the first of these. Each sweep in a row that fails
# gives the next one twice the time, because the first of a programme opens the nation's obligations.
_FIRST_SECONDS, _LONGEST_SECONDS = 60.0, 480.0


class Backlog(Protocol):
    """What is on its way in the queues."""

    async def hold(self) -> str | None:
        """Say why accusing steps should wait; None if they need not."""
        ...

    async def alerts_empty(self) -> bool:
        """Tell whether no message waits for a worker."""
        ...


class Sweeper:
    """One replica's sweeper."""

    def __init__(
        self,
        pool: Pool,
        registry: Callable[[], Registry],
        clock: Clock,
        publish: Publish,
        backlog: Backlog,
        *,
        on_swept: Callable[[], None],
        interval: float,
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._machine = SystemClock()
        self._publish = publish
        self._backlog = backlog
        self._on_swept = on_swept
        self._interval = interval
        self._opener = Opener(first_look)
        self._counted_at: float | None = None  # by the machine's clock, in seconds; None: what is exported is old
        self._reasons: Mapping[Reason, int] = {}  # of the last sweep
        self._broken = 0  # sweeps in a row that did not end well
        self._reason = ""
        self._awaits: str | None = "it is not known yet whether a restore awaits its replay"
        self._turns = Recurring("sweep", self._turn, broken_pause=interval, least_pause=_LEAST_PAUSE)

    def start(self) -> None:
        """Begin to sweep."""
        self._turns.start()

    async def stop(self) -> None:
        """Stop; a sweep that is under way is rolled back, or repaired by the next one."""
        await self._turns.stop()

    def ask(self) -> None:
        """Ask for a sweep soon."""
        self._turns.ask()

    @property
    def broken(self) -> str | None:
        """Why this replica is not fit to sweep: its last sweeps have all failed. None after one that ended well."""
        if self._broken < MOST_BROKEN:
            return None
        return f"the last {self._broken} sweeps failed: {self._reason}"

    @property
    def awaits(self) -> str | None:
        """Why this replica must not sweep yet: a restore awaits its replay. None when nothing does."""
        return self._awaits

    def obligations_changed(self) -> None:
        """Have the next sweep count obligations by state anew."""
        self._counted_at = None

    async def sweep_once(self) -> tuple[Swept | None, float]:
        """Sweep unless another replica does, or a restore awaits its replay: what is owed isn't known until then.

        Return what was done and after how many seconds to look again.
        """
        limit = min(_FIRST_SECONDS * 2**self._broken, _LONGEST_SECONDS)
        async with self._pool.acquire(limit=limit) as connection:
            self._awaits = _held_by(await restore_store.awaited(connection))
            if self._awaits is not None:
                self._forget_counts()
                return None, _PAUSE_UNTIL_REPLAYED
            if not await obligation_store.try_sweep_lock(connection):
                self._forget_counts()
                return None, self._interval
            try:
                return await self._sweep(connection)
            finally:
                await obligation_store.give_back_sweep_lock(connection)

    async def _sweep(self, connection: Connection) -> tuple[Swept, float]:
        served = await obligation_store.requested_sweep(connection)
        held = await self._backlog.hold()
        now = self._clock.now()
        repair = await self._backlog.alerts_empty()
        lost = lost_time(
            await restore_store.lost_until(connection), (await obligation_store.last_sweep(connection)).swept_at
        )
        done = await sweep(
            connection, self._registry(), self._opener, self._publish, now, held=held, repair=repair, lost=lost
        )
        await obligation_store.swept(connection, served, now, held)
        self._on_swept()
        oldest, next_in = await outgoing_store.undelivered(connection, now)
        SWEEP_LAST_SUCCESS.set(self._machine.now().timestamp())
        OLDEST_UNDELIVERED_ALERT.set(oldest or 0)
        old = self._counted_at is None or self._machine.now().timestamp() - self._counted_at > _COUNT_SECONDS
        if done.opened or done.overdue or done.alerts or old:
            await self._count(connection, now)
        self._log(done, now, held)
        if held is not None:
            return done, _PAUSE_WHILE_HELD
        return done, self._interval if next_in is None else min(self._interval, max(next_in, 1.0))

    def _log(self, done: Swept, now: datetime, held: str | None) -> None:
        """Log a sweep that did something, or whose decisions differ from the last one's: held, it is repeated often."""
        decided_anew = bool(done.reasons) and done.reasons != self._reasons
        self._reasons = done.reasons
        if done.opened or done.overdue or done.alerts or done.published or decided_anew:
            log.info(
                "sweep.done", now=now.isoformat(), opened=done.opened, overdue=done.overdue, alerts=done.alerts,
                messages=done.messages, published=done.published, held=held,
                reasons={str(reason): count for reason, count in sorted(done.reasons.items())},
            )  # fmt: skip

    async def _count(self, connection: Connection, now: datetime) -> None:
        registry = self._registry()
        states = await obligation_store.state_counts(connection)
        current = await count_store.current_counts(connection, now)
        vacant = by_level(await vacancies(connection, registry.units, registry.programmes, now))
        self._forget_counts()  # only now, so that whoever scrapes meanwhile doesn't find none
        self._counted_at = self._machine.now().timestamp()
        for row in states:
            OBLIGATIONS.labels(row.programme, row.report, row.level, row.state).set(row.obligations)
        for row in current:
            programme = registry.programmes.get(row.programme)
            if programme is not None and not programme.at_rest(programme.today(now)):
                CURRENT_OBLIGATIONS.labels(row.programme, row.report, row.level, row.state).set(row.obligations)
        for (slug, level), found in vacant.items():
            UNADDRESSED_ALERTS.labels(slug, level).set(sum(vacancy.alerts for vacancy in found))

    def _forget_counts(self) -> None:
        """Export no counts: they are old, or another replica sweeps and its own are right."""
        self._counted_at = None
        for gauge in (OBLIGATIONS, CURRENT_OBLIGATIONS, UNADDRESSED_ALERTS):
            gauge.clear()

    async def _turn(self) -> float:
        try:
            done, pause = await self.sweep_once()
        except Exception as error:
            self._broken += 1
            self._reason = reason_of(error)
            raise
        if done is not None:
            self._broken = 0
        return pause


def _held_by(lost: restore_store.Lost | None) -> str | None:
    if lost is None:
        return None
    since = lost.since.isoformat(timespec="seconds")
    return f"a backup of {since} was restored and what came after isn't replayed yet: run 'kip replay'"
