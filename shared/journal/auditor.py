"""Holds the journal against a service's account: what reached the broker, and was not applied although its queue has
moved past it, is published again.

One auditor a service at a time, by a lease; a second one would do no harm, since each event counts once.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from time import monotonic
from typing import Literal

import structlog

from shared.broker.client import BROKER_AWAY
from shared.broker.message import Marker, Message, new_id
from shared.broker.topology import JOURNAL
from shared.database.connections import DATABASE_AWAY, Pool
from shared.journal.account_store import Fate, Position, Standing
from shared.journal.audited import Audited, OwnWay
from shared.journal.reading import Entry, Journal, end_by, first_of, read_from
from shared.journal.republishing import republish
from shared.journal.waiting import Waitlist
from shared.runtime import tls
from shared.runtime.metrics import AUDIT_POSITION, JOURNAL_GAPS, JOURNAL_OLDEST, UNACCOUNTED
from shared.runtime.supervision import Supervised

log = structlog.get_logger()
_AWAY: tuple[type[Exception], ...] = (*BROKER_AWAY, *DATABASE_AWAY)
LEASE_SECONDS = 60.0
WINDOW = 50_000  # entries that wait; more are read when these are settled
LOOK_BYTES = 8 * 1024 * 1024  # read at once; then the service's own work has its turn
LOOK_ENTRIES = 2_000
ASK = 5_000  # messages that the account is asked for at once
OLDEST_SECONDS = 600.0
FORGET_SECONDS = 600.0
FORGET = 20_000  # notes deleted at once
SPARE_DAYS = 1.0  # notes are kept so much longer than the journal
DAYS = 7.0  # as long as the journal is kept, at least
FIRST_SECONDS = 10.0
ENTRY_SECONDS = 0.3
MORE_SECONDS = 1.0
GAPS = ("replaced", "trimmed")
UNACCOUNTED_FATES = (Fate.REPUBLISHED, Fate.LOST, Fate.GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient an audit is: an entry is judged `sure` seconds after its queue has come to it. All else follows."""

    sure: float = 120.0

    @property
    def marker(self) -> float:
        """Seconds between two markers: they say how far a queue is to within a sixth."""
        return self.sure / 6

    @property
    def look(self) -> float:
        """Seconds between two looks at the journal, once its end is reached, and of one at most: it has no end while
        others publish, and the lease, the markers and what is to be judged don't wait.
        """
        return min(5.0, self.sure / 6)

    @property
    def silence(self) -> float:
        """After so long without one of its own markers in the journal the auditor looks whether it is still there."""
        return 3 * self.marker + self.look


class Looked(Enum):
    """What one look at the journal has read."""

    SILENT = auto()  # nothing: there is no more
    ALL = auto()  # something, up to the end
    PART = auto()  # as much as is read at once
    ENOUGH = auto()  # as much as may wait: the rest when some of that is settled


class GapError(Exception):
    """The journal isn't what it was when it was last read. `gap` is `replaced` (another one, or emptied) or `trimmed`
    (it begins after what was read of it).
    """

    def __init__(self, gap: str) -> None:
        super().__init__(f"the journal was {gap} since it was last read")
        self.gap = gap


class Auditor:
    """One replica's auditor. `now` is the machine's clock: the audit is about the broker, not about a run's dates.

    `url` is the broker's, for reading the journal. What the auditor has itself done is compared by `monotonic`
    (seconds): a clock that is set, back or on, neither stops the audit nor has it judge too soon.
    """

    def __init__(
        self,
        audited: Audited,
        pool: Callable[[], Pool],
        url: str,
        way: OwnWay,
        now: Callable[[], datetime],
        pace: Pace,
        make_id: Callable[[], str] = new_id,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        self._audited = audited
        self._account = audited.account
        self._pool = pool
        self._url = url
        self._way = way
        self._now = now
        self._pace = pace
        self._make_id = make_id
        self._id = make_id()
        self._begun_at = now()
        self._monotonic = monotonic
        self._begun = monotonic()
        self._standing = Standing(None, None)
        self._told: str | None = None
        self._marked_at: datetime | None = None
        self._forgot_at: datetime | None = None
        self._asked_oldest_at: datetime | None = None
        self._task = Supervised("audit", self.run)

    def start(self) -> None:
        """Begin to audit."""
        for fate in UNACCOUNTED_FATES:
            UNACCOUNTED.labels(fate)  # a counter that is there from the first scrape on shows its first step
        for gap in GAPS:
            JOURNAL_GAPS.labels(gap)
        AUDIT_POSITION.set_function(self._behind)
        self._task.start()

    async def stop(self) -> None:
        """Stop, and let another replica's auditor begin at once."""
        await self._task.stop()
        with suppress(*_AWAY):
            async with self._pool().acquire() as connection:
                await self._account.let_go(connection, self._id)

    async def run(self) -> None:
        """Audit whenever nobody else does. Ends only when it is cancelled."""
        while True:
            try:
                position = await self._lease()
                if position is not None:
                    await self._audit(None if position == "begin" else position)
            except GapError as error:
                JOURNAL_GAPS.labels(error.gap).inc()
                log.error("audit.gap", gap=error.gap, last_looked_at=_written(self._standing.looked_at))
            except _AWAY as error:
                self._tell(tls.reason(error, "AMQP"))
            await self._observe()
            await asyncio.sleep(self._pace.look)

    def _tell(self, reason: str) -> None:
        """Log why there is no audit, once for each reason."""
        if reason != self._told:
            log.warning("audit.waiting", reason=reason)
        self._told = reason

    def _steadily(self) -> datetime:
        """The time by which the auditor's own steps are compared: it goes on as it began, whatever the clock does."""
        return self._begun_at + timedelta(seconds=self._monotonic() - self._begun)

    async def _audit(self, position: Position | None) -> None:
        """Audit from a position on, until another auditor has the lease."""
        begin = await self._first(position)
        async with read_from(self._url, "first" if begin is None else begin.offset) as journal:
            waitlist = Waitlist(begin, timedelta(seconds=self._pace.sure))
            heard_at = self._steadily()
            while await self._lease() is not None:
                await self._mark()
                looked = await self._look(journal, waitlist)
                heard_at = heard_at if looked is Looked.SILENT else self._steadily()
                if _is_due(heard_at, self._steadily(), self._pace.silence):
                    return  # a journal that was deleted just says nothing more: open it anew
                await self._judge(waitlist)
                await self._save(waitlist)
                await asyncio.sleep(MORE_SECONDS if looked is Looked.PART else self._pace.look)

    async def _first(self, position: Position | None) -> Position | None:
        """Find where to go on. After a gap that is the journal's beginning, and what was read before is forgotten.

        Raises GapError once that is written down.
        """
        if position is None:
            return None
        gap = "replaced"
        if await end_by(self._url, self._publish_nothing, self._make_id()) > position.offset:
            async with read_from(self._url, position.offset) as journal:
                entry = await journal.next(FIRST_SECONDS)
            if entry is None:
                raise TimeoutError("the journal's entry that was read last doesn't come")
            if Position(entry.offset, entry.message) == position:
                return position
            gap = "trimmed" if entry.offset > position.offset else "replaced"
        async with self._pool().acquire() as connection:
            await self._account.save(connection, self._id, None, self._standing)
        raise GapError(gap)

    async def _publish_nothing(self, message: str) -> None:
        """Publish a message without events under this id, by the way of a marker."""
        await self._way.publish(Message(message, next(iter(self._audited.markers.values())), b"[]"))

    async def _lease(self) -> Position | Literal["begin"] | None:
        async with self._pool().acquire() as connection:
            return await self._account.lease(connection, self._id, LEASE_SECONDS)

    async def _mark(self) -> None:
        """Send a marker behind what waits in each queue."""
        now = self._steadily()
        if not _is_due(self._marked_at, now, self._pace.marker):
            return
        for key in self._audited.markers.values():
            await self._way.mark(key, Marker(self._id, now))
        self._marked_at = now

    async def _look(self, journal: Journal, waitlist: Waitlist) -> Looked:
        size = entries = 0
        began = self._steadily()
        while size < LOOK_BYTES and entries < LOOK_ENTRIES and not _is_due(began, self._steadily(), self._pace.look):
            if len(waitlist) >= WINDOW:
                return Looked.ENOUGH
            entry = await journal.next(ENTRY_SECONDS)
            if entry is None:
                return Looked.ALL if entries else Looked.SILENT
            self._read(entry, waitlist)
            size += len(entry.body)
            entries += 1
        return Looked.PART

    def _read(self, entry: Entry, waitlist: Waitlist) -> None:
        if entry.is_marker and entry.message == self._id and entry.sent_at is not None:
            # What the journal had when this was sent has been read.
            self._standing = Standing(self._now() - (self._steadily() - entry.sent_at), self._standing.oldest_at)
        if entry.is_marker or not self._audited.is_ours(entry):
            waitlist.skip(entry)
        else:
            waitlist.read(entry, self._audited.queue_of(entry), self._steadily())

    async def _judge(self, waitlist: Waitlist) -> None:
        async with self._pool().acquire() as connection:
            passed = await self._account.passed(connection, self._id)
            due = [it.message for it in waitlist.due(self._steadily(), passed, self._audited.markers)]
            for number in range(0, len(due), ASK):
                waitlist.settle(await self._account.noted(connection, due[number : number + ASK]))
        missing = waitlist.missing()
        if missing:
            done = await republish(self._url, missing, self._audited, self._pool(), self._way, self._make_id)
            waitlist.settle(done)

    async def _save(self, waitlist: Waitlist) -> None:
        """Write down how far the account is, and forget what is older than the journal."""
        now, steadily = self._now(), self._steadily()
        oldest_at = self._standing.oldest_at
        if _is_due(self._asked_oldest_at, steadily, OLDEST_SECONDS):
            oldest = await first_of(self._url)
            oldest_at = oldest.sent_at if oldest and oldest.sent_at else oldest_at
            self._asked_oldest_at = steadily
        self._standing = Standing(self._standing.looked_at, oldest_at)
        async with self._pool().acquire() as connection:
            await self._account.save(connection, self._id, waitlist.position, self._standing)
            if _is_due(self._forgot_at, steadily, FORGET_SECONDS):
                kept = max(DAYS, (now - (oldest_at or now)).total_seconds() / 86_400)
                if await self._account.forget(connection, kept + SPARE_DAYS, FORGET) < FORGET:
                    self._forgot_at = steadily
        self._told = None
        self._show_oldest()

    async def _observe(self) -> None:
        """Show how far whoever audits is: each replica says the same."""
        with suppress(*_AWAY):
            async with self._pool().acquire() as connection:
                self._standing = await self._account.standing(connection)
        self._show_oldest()

    def _behind(self) -> float:
        """How old that is which the account has been held against, in seconds: asked at each scrape, so that an audit
        that waits for whatever it may be shows.
        """
        return max(0.0, (self._now() - (self._standing.looked_at or self._begun_at)).total_seconds())

    def _show_oldest(self) -> None:
        if self._standing.oldest_at is not None:
            JOURNAL_OLDEST.labels(JOURNAL).set(self._standing.oldest_at.timestamp())


def _is_due(last: datetime | None, now: datetime, seconds: float) -> bool:
    return last is None or (now - last).total_seconds() >= seconds


def _written(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
