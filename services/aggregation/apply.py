"""One batch, one transaction: ledger, records, cells; what can't be applied goes aside alone."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
from pydantic_core import to_json

from services.aggregation import store
from services.aggregation.contribution import Contributor, Delta
from services.aggregation.ledger import Entry, Identity, to_entry
from services.aggregation.rollup import Rank, RecordKey, UnknownToUsError, claims, strongest
from services.aggregation.soundness import fault_of
from shared.db import Connection
from shared.events import OBLIGATION_PREFIX, CanonicalEvent, Kind, ObligationChange
from shared.registry.snapshot import Registry

# What an event that intake would refuse can raise, here or in the database.
MALFORMED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,  # a text too long for an index
)
KINDS = frozenset({*Kind, *(change.kind for change in ObligationChange)})


@dataclass(frozen=True, slots=True)
class Dead:
    """An event that can't be applied, with the reason."""

    kind: str
    reason: str
    event: str


@dataclass(slots=True)
class Applied:
    """What became of a batch by (kind, outcome), when those from the door were accepted, how many cells it touched."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted_at: list[datetime] = field(default_factory=list)
    cells: int = 0


async def apply_batch(
    connection: Connection, partition: int, events: Sequence[CanonicalEvent], contributor: Contributor, now: datetime
) -> Applied:
    """Apply a batch of one partition's events in one transaction; events that can't be applied die alone.

    Raises UnknownToUsError before anything is written when the registry lacks a unit or programme, and asyncpg's errors
    when the database is away; either way nothing of the batch has happened.
    """
    entries, dead = _read(events)
    try:
        _require_known(entries, contributor.registry)
        return await _apply(connection, partition, entries, dead, contributor, now)
    except (*MALFORMED, UnknownToUsError):
        sound, poison = _sift(entries, contributor)
        if not poison:
            raise
        _require_known(sound, contributor.registry)
        return await _apply(connection, partition, sound, dead + poison, contributor, now)


async def _apply(
    connection: Connection,
    partition: int,
    entries: list[Entry],
    dead: list[Dead],
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


def _read(events: Sequence[CanonicalEvent]) -> tuple[list[Entry], list[Dead]]:
    entries: list[Entry] = []
    dead: list[Dead] = []
    for event in events:
        try:
            entries.append(to_entry(event))
        except MALFORMED as error:
            dead.append(Dead("unknown", _reason(error), to_json(event).decode()))
    return entries, dead


def _sift(entries: Iterable[Entry], contributor: Contributor) -> tuple[list[Entry], list[Dead]]:
    """Find the poison by looking at each alone: redelivering the batch would find it for ever."""
    sound: list[Entry] = []
    poison: list[Dead] = []
    for entry in entries:
        event = entry.canonical()
        reason = fault_of(event) or _fault_in_use(entry, contributor)
        if reason is None:
            sound.append(entry)
        else:
            kind = entry.kind if entry.kind in KINDS else "unknown"
            poison.append(Dead(kind, reason, to_json(event).decode()))
    return sound, poison


def _fault_in_use(entry: Entry, contributor: Contributor) -> str | None:
    said = entry.said()
    try:
        claims(said, entry.source, entry.id)
        contributor.about(said)
        contributor.add(Delta(), said, 1)
    except MALFORMED as error:
        return _reason(error)
    except UnknownToUsError:
        pass  # sound as far as we know: it waits for the registry
    return None


def _reason(error: Exception) -> str:
    return f"can't be applied: {type(error).__name__}: {error}"


def _require_known(entries: Sequence[Entry], registry: Registry) -> None:
    for unit in {entry.unit for entry in entries}:
        if unit not in registry.units:
            raise UnknownToUsError(f"unit {unit}")
    for programme in {entry.data.get("programme") for entry in entries}:
        if programme not in registry.programmes:
            raise UnknownToUsError(f"programme {programme}")


async def _append(connection: Connection, entries: list[Entry], batch: int, applied: Applied) -> list[Entry]:
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
