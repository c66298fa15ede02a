"""One batch, one transaction: ledger, records, cells; what can't be applied goes aside alone."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.aggregation import store
from services.aggregation.contribution import Contributor, Delta
from services.aggregation.control import control_of, prove_reading
from services.aggregation.ledger import Entry, Identity, to_entry
from services.aggregation.rollup import Rank, RecordKey, UnknownToUsError, claims, strongest
from services.aggregation.soundness import fault_of
from shared.connections import Connect, Connection
from shared.dead_event import DeadEvent
from shared.events import OBLIGATION_PREFIX, TYPE_PREFIX, TYPE_SUFFIX, CanonicalEvent, Kind, ObligationChange
from shared.isolation import fault_of_data, isolate, on_trial, reason
from shared.registry.snapshot import Registry

KINDS = frozenset({*Kind, *(change.kind for change in ObligationChange)})


@dataclass(slots=True)
class Applied:
    """What became of a batch by (kind, outcome), when those from the door were accepted, how many cells it touched."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted_at: list[datetime] = field(default_factory=list)
    cells: int = 0


async def apply_batch(
    connect: Connect, partition: int, events: Sequence[CanonicalEvent], contributor: Contributor, now: datetime
) -> Applied:
    """Apply a batch of one partition's events in one transaction; events that are proven bad die alone.

    Bad is what the pure check refuses, and what is refused alone by a fault of its data while a control event is taken.
    Raises UnknownToUsError before anything is written when the registry lacks a unit or programme, and whatever else
    stands in the way; either way nothing of the batch has happened, and it is to be tried again.
    """
    batch = _Batch(connect, partition, contributor, now)
    entries, dead = _read(events, contributor.registry)
    try:
        _require_known(entries, contributor.registry)
        return await batch.commit(entries, dead)
    except UnknownToUsError:
        sound, poison = _check(entries)
        if not poison:
            raise
    except Exception as error:
        if fault_of_data(error) is None:
            raise
        sound, poison = _check(entries)
    _require_known(sound, contributor.registry)
    found = await isolate(sound, batch.undo, lambda entry: control_of(entry, contributor.registry))
    return await batch.commit(found.sound, [*dead, *poison, *(_dead(entry, reason) for entry, reason in found.bad)])


@dataclass(frozen=True, slots=True)
class _Batch:
    """What every transaction of a batch has in common."""

    connect: Connect
    partition: int
    contributor: Contributor
    now: datetime

    async def commit(self, entries: Sequence[Entry], dead: Sequence[DeadEvent]) -> Applied:
        """Apply the entries, and keep what is dead with its reason."""
        async with self.connect() as connection:
            return await _apply(connection, self.partition, entries, dead, self.contributor, self.now)

    async def undo(self, entries: Sequence[Entry]) -> None:
        """Apply the entries on trial: nothing of it stays."""
        async with self.connect() as connection, on_trial(connection):
            await _apply(connection, self.partition, entries, (), self.contributor, self.now)


async def _apply(
    connection: Connection,
    partition: int,
    entries: Sequence[Entry],
    dead: Sequence[DeadEvent],
    contributor: Contributor,
    now: datetime,
) -> Applied:
    # What came in by the door: our own obligations come by the hundred thousand when a programme is loaded.
    at_the_door = (entry for entry in entries if not entry.kind.startswith(OBLIGATION_PREFIX))
    applied = Applied(accepted_at=[entry.accepted_at for entry in at_the_door])
    async with connection.transaction():
        await store.guard_partition(connection, partition)
        batch = await store.next_batch(connection)
        fresh = await _append(connection, entries, batch, applied)
        if fresh:
            delta = await _roll_up(connection, fresh, contributor, applied)
            applied.cells = await store.add_to_cells(connection, delta.cells())
            await store.advance(connection, partition, batch, now)
        if dead:
            await store.bury(connection, [(item.reason, item.kind, item.event) for item in dead], now)
    for item in dead:
        applied.outcomes[item.kind, "dead"] += 1
    return applied


def _read(events: Sequence[CanonicalEvent], registry: Registry) -> tuple[list[Entry], list[DeadEvent]]:
    """Read the events. One that can't be read is dead if the check refuses it, or a sound one can be read."""
    entries: list[Entry] = []
    dead: list[DeadEvent] = []
    for event in events:
        try:
            entries.append(to_entry(event))
        except Exception as error:
            if fault_of_data(error) is None:
                raise
            refused = fault_of(event)
            if refused is None:
                prove_reading(registry)
            dead.append(DeadEvent.of(_kind_of(event), refused or reason(error), event))
    return entries, dead


def _check(entries: Iterable[Entry]) -> tuple[list[Entry], list[DeadEvent]]:
    """Find what is no event that intake lets through."""
    sound: list[Entry] = []
    poison: list[DeadEvent] = []
    for entry in entries:
        refused = fault_of(entry.canonical())
        if refused is None:
            sound.append(entry)
        else:
            poison.append(_dead(entry, refused))
    return sound, poison


def _dead(entry: Entry, refused: str) -> DeadEvent:
    kind = entry.kind if entry.kind in KINDS else "unknown"
    return DeadEvent.of(kind, refused, entry.canonical())


def _kind_of(event: CanonicalEvent) -> str:
    written = event.get("type")
    kind = written[len(TYPE_PREFIX) : -len(TYPE_SUFFIX)] if isinstance(written, str) else ""
    return kind if kind in KINDS else "unknown"


def _require_known(entries: Sequence[Entry], registry: Registry) -> None:
    for unit in {entry.unit for entry in entries}:
        if unit not in registry.units:
            raise UnknownToUsError(f"unit {unit}")
    for programme in {entry.data.get("programme") for entry in entries}:
        if programme not in registry.programmes:
            raise UnknownToUsError(f"programme {programme}")


async def _append(connection: Connection, entries: Sequence[Entry], batch: int, applied: Applied) -> list[Entry]:
    """Append what is new; tell duplicates from conflicts by the fingerprint."""
    first: dict[Identity, Entry] = {}
    again = [entry for entry in entries if first.setdefault(entry.identity, entry) is not entry]
    if not first:
        return []
    held = await store.fingerprints(connection, list(first.values()))
    fresh = [entry for identity, entry in first.items() if identity not in held]
    if fresh:
        await store.append(connection, fresh, batch)
    conflicts: list[Entry] = []
    for entry in itertools.chain(again, (entry for identity, entry in first.items() if identity in held)):
        duplicate = entry.fingerprint == held.get(entry.identity, first[entry.identity].fingerprint)
        applied.outcomes[entry.kind, "duplicate" if duplicate else "conflict"] += 1
        if not duplicate:
            conflicts.append(entry)
    if conflicts:
        await store.put_conflicts_aside(connection, conflicts)
    return fresh


async def _roll_up(connection: Connection, fresh: list[Entry], contributor: Contributor, applied: Applied) -> Delta:
    """Let the new events claim their records; what the winners change in the cells is new less old."""
    best = strongest(claim for entry in fresh for claim in claims(entry.said(), entry.source, entry.id))
    standing = await store.standing_records(connection, best)
    won = {key: claim for key, claim in best.items() if key not in standing or claim.rank > standing[key].rank}
    await store.put_records(connection, [(claim, contributor.about(claim.event)) for claim in won.values()], standing)
    beaten = {key: _identity(standing[key].rank, key) for key in won if key in standing and standing[key].alive}
    former = await store.bodies(connection, list(beaten.values())) if beaten else {}
    delta = Delta()
    winners: set[Identity] = set()
    for key, claim in won.items():
        if key in beaten:
            contributor.add(delta, former[beaten[key]], -1)
        if claim.alive:
            contributor.add(delta, claim.event, 1)
        winners.add(_identity(claim.rank, key))
    for entry in fresh:
        applied.outcomes[entry.kind, "applied" if entry.identity in winners else "superseded"] += 1
    return delta


def _identity(rank: Rank, key: RecordKey) -> Identity:
    return (rank.id, rank.source, rank.sender, key[1])
