"""From events on the queue to obligations that are met and problems that stand: bodies are collected into batches,
each one transaction.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import structlog

from services.notifications.obligations import dead_store, figure_change_store, problem_store
from services.notifications.obligations.figure_changes import FigureChange, figure_change_of, newest
from services.notifications.obligations.problems import ProblemChange, latest, problem_of
from services.notifications.obligations.settling import take_answers
from services.notifications.obligations.submissions import Answer, answers_of, required_items
from shared.broker.consuming import Received
from shared.broker.message import Note
from shared.database.connections import Connect, Connection, Pool
from shared.domain.canonical import CanonicalEvent, EventData, JsonObject, decode, envelope, type_of_kind
from shared.domain.dead_event import DeadEvent
from shared.domain.events import FIGURE_CHANGED, Kind
from shared.journal.account_store import AccountStore, Fate
from shared.programme.families import Families
from shared.registry.snapshot import Registry
from shared.runtime.batch import Batcher
from shared.runtime.clock import Clock
from shared.runtime.isolation import fault_of_data, isolate, on_trial, reason
from shared.runtime.metrics import EVENTS_APPLIED
from shared.runtime.retry import growing_limits, patiently

log = structlog.get_logger()
ACCOUNT = AccountStore("notifications")
_BATCH = 1000
_LINGER_SECONDS = 0.02
_CONTROL = "kip-control"  # the names in control events; their transaction is rolled back
_CONTROL_TIME = "2001-01-01T00:00:00+00:00"
_CONTROL_FIGURE = cast("EventData", {
    **dict.fromkeys(("programme", "record", "indicator", "agency", "period", "by"), _CONTROL), "batch": 0,
    "handed_in": {"sender": _CONTROL, "source": _CONTROL, "id": _CONTROL, "time": _CONTROL_TIME}, "before": {},
    "now": None, "at": _CONTROL_TIME,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """An event that concerns us, as it came: what it answers, what it says about a problem or a handed in figure."""

    event: JsonObject
    kind: str
    answers: Sequence[Answer]
    problem: ProblemChange | None
    figure: FigureChange | None = None

    @property
    def concerns_us(self) -> bool:
        """Whether it says anything to us."""
        return bool(self.answers) or self.problem is not None or self.figure is not None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a body of events holds that concerns us, what of it can't be read, and what the account keeps of it."""

    readings: Sequence[Reading]
    dead: Sequence[DeadEvent] = ()
    notes: Sequence[Note] = ()

    def __len__(self) -> int:
        return len(self.readings) + len(self.dead)

    @property
    def answers(self) -> list[Answer]:
        """What is answered."""
        return [answer for reading in self.readings for answer in reading.answers]

    @property
    def problems(self) -> list[ProblemChange]:
        """What is said about problems."""
        return [reading.problem for reading in self.readings if reading.problem is not None]

    @property
    def figures(self) -> list[FigureChange]:
        """What is said about figures that officers have handed in."""
        return [reading.figure for reading in self.readings if reading.figure is not None]


class Consumer:
    """Takes what answers an obligation, or tells of a problem or a handed in figure. `on_settled` hears when one of
    them has changed.

    `seconds` bounds each transaction.
    """

    def __init__(
        self,
        pool: Pool,
        registry: Callable[[], Registry],
        clock: Clock,
        on_settled: Callable[[Taken], None],
        seconds: float = 8.0,
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._on_settled = on_settled
        self._seconds = seconds
        self._batcher: Batcher[Taken] = Batcher(
            self._flush, limit=_BATCH, linger=_LINGER_SECONDS, weight=len, name="events"
        )
        self.in_hand = 0

    def start(self) -> None:
        """Begin to take events."""
        self._batcher.start()

    async def stop(self) -> None:
        """Settle what is in hand, then end."""
        await self._batcher.stop()

    async def account_undecodable(self, note: Note) -> None:
        """Account for a message that goes to the dead letters."""
        async with self._pool.acquire(limit=self._seconds) as connection:
            await ACCOUNT.note(connection, [note], Fate.UNDECODABLE)

    async def handle(self, received: Received) -> None:
        """Take canonical events and return when they are settled."""
        taken = read_batch(received.events, self._registry())
        self.in_hand += 1
        try:
            await self._batcher.submit(replace(taken, notes=[received.note]))
        finally:
            self.in_hand -= 1

    async def _flush(self, batches: Sequence[Taken]) -> None:
        whole = Taken(
            [reading for batch in batches for reading in batch.readings],
            [dead for batch in batches for dead in batch.dead],
            [note for batch in batches for note in batch.notes],
        )
        limits = growing_limits(self._seconds)

        async def attempt() -> dict[str, int]:
            seconds = next(limits)
            return await settle(lambda: self._pool.acquire(limit=seconds), self._registry(), whole, self._clock.now())

        outcome = await patiently("events", attempt)
        if not len(whole):
            return
        for reading in whole.readings:
            EVENTS_APPLIED.labels(reading.kind, "taken").inc()
        log.info(
            "answers.settled", answers=len(whole.answers), problems=len(whole.problems), figures=len(whole.figures),
            **outcome,
        )  # fmt: skip
        self._on_settled(whole)


async def settle(connect: Connect, registry: Registry, taken: Taken, now: datetime) -> dict[str, int]:
    """Write what was taken in one transaction; return how many obligations went into each state. Safe to repeat.

    What is refused alone by a fault of its data, while a control event is taken, goes aside. Raises whatever else
    stands in the way; nothing has happened then.
    """

    async def undo(readings: Sequence[Reading]) -> None:
        async with connect() as connection, on_trial(connection):
            await _write(connection, registry, Taken(readings), now)

    async def write(what: Taken) -> dict[str, int]:
        async with connect() as connection, connection.transaction():
            outcome = await _write(connection, registry, what, now)
        for item in what.dead:
            EVENTS_APPLIED.labels(item.kind, "dead").inc()
        return outcome

    try:
        return await write(taken)
    except Exception as error:
        if fault_of_data(error) is None:
            raise
    found = await isolate(taken.readings, undo, lambda reading: _control(reading.kind, registry))
    bad = [DeadEvent.of(reading.kind, why, reading.event) for reading, why in found.bad]
    return await write(Taken(found.sound, [*taken.dead, *bad], taken.notes))


async def _write(connection: Connection, registry: Registry, taken: Taken, now: datetime) -> dict[str, int]:
    if taken.dead:
        await dead_store.bury(connection, [(item.reason, item.kind, item.event) for item in taken.dead], now)
        log.error("events.dead", events=len(taken.dead))
    await problem_store.take_problems(connection, latest(taken.problems))
    await figure_change_store.take(connection, newest(taken.figures))
    await ACCOUNT.note(connection, taken.notes)
    answers = taken.answers
    return await take_answers(connection, answers, required_items(registry), now) if answers else {}


def read_batch(events: Iterable[JsonObject], registry: Registry) -> Taken:
    """What concerns us in canonical events. One that can't be read is dead, as long as a sound one can be."""
    readings: list[Reading] = []
    dead: list[DeadEvent] = []
    for event in events:
        try:
            reading = _reading(event, decode(event), registry.families)
        except Exception as error:
            if fault_of_data(error) is None:
                raise
            _control(Kind.REPORT_SUBMITTED, registry)
            dead.append(DeadEvent.of("unknown", reason(error), event))
        else:
            if reading.concerns_us:
                readings.append(reading)
    return Taken(readings, dead)


def _reading(written: JsonObject, event: CanonicalEvent, families: Families) -> Reading:
    known = event.kind in {*Kind, FIGURE_CHANGED}
    if not known:
        log.warning("event.unknown", type=type_of_kind(event.kind)[:80])
    kind = event.kind if known else "unknown"
    return Reading(written, kind, answers_of(event, families), problem_of(event), figure_change_of(event))


def _control(kind: str, registry: Registry) -> Reading:
    """A sound event of the kind: where it is refused, everything is."""
    programmes = registry.programmes
    programme = programmes[min(programmes)] if programmes else None
    data: EventData = {
        "programme": programme.slug if programme else _CONTROL,
        "report": programme.reports[0].slug if programme and programme.reports else _CONTROL,
        "agency": programme.agencies[0].slug if programme and programme.agencies else _CONTROL,
        "period": str(programme.first_period) if programme else "2001",
        "revision": 0,
    }
    if kind in {Kind.PROBLEM_RAISED, Kind.PROBLEM_RESOLVED}:
        data = {"programme": data["programme"], "record": _CONTROL, "agency": data["agency"], "text": _CONTROL}
    elif kind == FIGURE_CHANGED:
        data = _CONTROL_FIGURE
    elif kind not in set(Kind) or kind == Kind.INDICATOR_REPORTED:
        kind = Kind.REPORT_SUBMITTED  # both are answers, written by the same statements
    identity = (_CONTROL, _CONTROL, _CONTROL, _CONTROL)
    event = envelope(identity, kind, _CONTROL, _CONTROL_TIME, _CONTROL_TIME, data)
    return _reading(event, decode(event), registry.families)
