"""Applies a batch of events in one transaction: ledger, records, cells.

Tells new events, duplicates and conflicts apart; an event that can't be applied dies alone.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from services.aggregation import handed_in_store, store
from services.aggregation.contribution import Contributor, Delta
from services.aggregation.control import control_of, prove_reading
from services.aggregation.handed_in import in_question, places, to_tell
from services.aggregation.ledger import Entry, to_entry
from services.aggregation.poison_check import fault_of
from services.aggregation.record_subject import UnknownToUsError
from services.aggregation.records import RekeyingError, Settled, identity_of, settle
from shared.broker.message import Note
from shared.broker.notices import Changed
from shared.database.connections import Connect, Connection
from shared.domain.canonical import Identity, JsonObject, decode, json_object, type_of_kind
from shared.domain.claims import RecordKey, by_record
from shared.domain.dead_event import DeadEvent
from shared.domain.events import OBLIGATION_PREFIX, Kind, ObligationChange
from shared.programme.families import Families
from shared.registry.snapshot import Registry
from shared.runtime.isolation import fault_of_data, isolate, on_trial, reason

KINDS = frozenset({*Kind, *(change.kind for change in ObligationChange)})


@dataclass(slots=True)
class Applied:
    """What became of a batch by (kind, outcome), when those from the door were accepted, how many cells it touched."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted_at: list[datetime] = field(default_factory=list)
    cells: int = 0
    figure_changes: int = 0  # that are to be told to whoever handed the figures in
    changed: set[Changed] = field(default_factory=set)  # of which units something in which programmes is another


async def apply_batch(
    connect: Connect,
    partition: int,
    events: Sequence[JsonObject],
    contributor: Contributor,
    now: datetime,
    notes: Sequence[Note] = (),
) -> Applied:
    """Apply a batch of one partition's events in one transaction; only events that are proven bad go to `dead`.

    What the account keeps of the messages that they came in, `notes`, is written in the same transaction.
    Bad is what the pure check refuses, and what is refused alone by a fault of its data while a control event is taken.
    Raises UnknownToUsError before anything is written when the registry lacks a unit or programme, RekeyingError while
    records are kept under names of other families than the registry's, and whatever else stands in the way; either way
    nothing of the batch has happened, and it is to be tried again.
    """
    batch = _Batch(connect, partition, contributor, now, notes)
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
    notes: Sequence[Note]

    async def commit(self, entries: Sequence[Entry], dead: Sequence[DeadEvent]) -> Applied:
        """Apply the entries, keep what is dead with its reason, and account for their messages."""
        async with self.connect() as connection, connection.transaction():
            if not entries and not dead:
                applied = Applied()
            else:
                applied = await _apply(connection, self.partition, entries, dead, self.contributor, self.now)
            await store.ACCOUNT.note(connection, self.notes)
        return applied

    async def undo(self, entries: Sequence[Entry]) -> None:
        """Apply the entries and roll back: nothing of it stays."""
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
    """Write it all in the caller's transaction."""
    # What came in by the door: our own obligations come by the hundred thousand when a programme is loaded.
    at_the_door = (entry.event for entry in entries if not entry.event.kind.startswith(OBLIGATION_PREFIX))
    applied = Applied(accepted_at=[event.accepted_at for event in at_the_door])
    await store.guard_partition(connection, partition)
    await _require_names(connection, entries, contributor.registry)
    batch = await store.next_batch(connection)
    fresh, earlier = await _append(connection, entries, batch, applied)
    if fresh or earlier:
        delta = await _roll_up(connection, batch, fresh, earlier, contributor, applied)
        applied.cells = await store.add_to_cells(connection, delta.cells())
        applied.changed = _changed((*fresh, *earlier), contributor.registry.families)
        await store.advance(connection, partition, batch, now)
    if dead:
        await store.bury(connection, dead, now)
    for item in dead:
        applied.outcomes[item.kind, "dead"] += 1
    return applied


def _changed(entries: Iterable[Entry], families: Families) -> set[Changed]:
    """Say of which units something has changed, in every programme that shows it."""
    return {
        Changed(programme, event.unit)
        for event in (entry.event for entry in entries)
        for programme in families.programmes(event.data["programme"], event.data.get("indicator"))
    }


def _read(events: Sequence[JsonObject], registry: Registry) -> tuple[list[Entry], list[DeadEvent]]:
    """Decode the events. One that can't be decoded is dead if the check refuses it, or a sound one can be decoded."""
    entries: list[Entry] = []
    dead: list[DeadEvent] = []
    for event in events:
        try:
            entries.append(to_entry(decode(event)))
        except Exception as error:
            if fault_of_data(error) is None:
                raise
            refused = fault_of(event)
            if refused is None:
                prove_reading(registry)
            dead.append(DeadEvent.of(_kind_of(event), refused or reason(error), event))
    return entries, dead


def _check(entries: Iterable[Entry]) -> tuple[list[Entry], list[DeadEvent]]:
    """Part the entries into sound ones and what intake would never have let through."""
    sound: list[Entry] = []
    poison: list[DeadEvent] = []
    for entry in entries:
        refused = fault_of(json_object(entry.event))
        if refused is None:
            sound.append(entry)
        else:
            poison.append(_dead(entry, refused))
    return sound, poison


def _dead(entry: Entry, refused: str) -> DeadEvent:
    event = entry.event
    return DeadEvent.of(event.kind if event.kind in KINDS else "unknown", refused, json_object(event))


def _kind_of(event: JsonObject) -> str:
    """Read the kind of what could not be decoded, if its type still says one."""
    return next((kind for kind in KINDS if event.get("type") == type_of_kind(kind)), "unknown")


def _require_known(entries: Sequence[Entry], registry: Registry) -> None:
    for unit in {entry.event.unit for entry in entries}:
        if unit not in registry.units:
            raise UnknownToUsError(f"unit {unit}")
    for programme in {entry.event.data.get("programme") for entry in entries}:
        if programme not in registry.programmes:
            raise UnknownToUsError(f"programme {programme}")
    for name in registry.families.rootless():
        if any((entry.event.data.get("programme"), entry.event.data.get("indicator")) == name for entry in entries):
            raise UnknownToUsError(f"the indicator that {'/'.join(name)} is the same as")


async def _require_names(connection: Connection, entries: Iterable[Entry], registry: Registry) -> None:
    """Raise RekeyingError unless these provinces' records are kept under the names that this registry gives them.

    Invariant: under the guard, records of a province are written under the names of one set of families only.
    """
    mark = registry.families.mark
    for province, names in (await store.names(connection, {entry.event.province for entry in entries})).items():
        if names != mark:
            raise RekeyingError(f"the records of {province} are to be made anew for figures that programmes share")


async def _append(
    connection: Connection, entries: Sequence[Entry], batch: int, applied: Applied
) -> tuple[list[Entry], list[Entry]]:
    """Append what is new; tell duplicates from conflicts by the fingerprint. Return what is new, and the duplicates
    that were accepted before what the ledger has: whichever copy is applied first, the earliest acceptance counts.
    """
    first: dict[Identity, Entry] = {}
    again = [entry for entry in entries if first.setdefault(entry.identity, entry) is not entry]
    if not first:
        return [], []
    held = await store.held(connection, list(first.values()))
    earliest = {identity: entry for identity, entry in first.items() if identity not in held}
    conflicts: list[Entry] = []
    for entry in itertools.chain(again, (entry for identity, entry in first.items() if identity in held)):
        fingerprint = held[entry.identity][0] if entry.identity in held else first[entry.identity].fingerprint
        duplicate = entry.fingerprint == fingerprint
        applied.outcomes[entry.event.kind, "duplicate" if duplicate else "conflict"] += 1
        if not duplicate:
            conflicts.append(entry)
        elif entry.event.accepted_at < earliest.setdefault(entry.identity, entry).event.accepted_at:
            earliest[entry.identity] = entry
    fresh = [entry for identity, entry in earliest.items() if identity not in held]
    earlier = [
        entry
        for identity, entry in earliest.items()
        if identity in held and entry.event.accepted_at < held[identity][1]
    ]
    if fresh:
        await store.append(connection, fresh, batch)
    if earlier:
        await store.accept_earlier(connection, earlier, batch)
    if conflicts:
        await store.put_conflicts_aside(connection, conflicts)
    return fresh, earlier


async def _roll_up(
    connection: Connection,
    batch: int,
    fresh: list[Entry],
    earlier: list[Entry],
    contributor: Contributor,
    applied: Applied,
) -> Delta:
    """Let the events claim their records, write how these stand then, and return what that changes in the cells.

    Invariant: the cells hold what the live winner of each record gives, once. So where another winner takes a record
    the former's contribution is taken away, exactly as it was given, and the new one's added; where the winner stays,
    no cell changes, whatever else of the record is written (another contender, an earlier acceptance).
    """
    families = contributor.registry.families
    claims = [claim for entry in (*fresh, *earlier) for claim in entry.claims(families)]
    claimed = by_record(claims)
    standing = await store.standing_records(connection, claimed)
    settled = {key: settle(standing.get(key), some) for key, some in claimed.items()}
    changed = {key: stands for key, stands in settled.items() if stands != standing.get(key)}
    winners = {key: identity_of(stands.winner, key) for key, stands in settled.items()}
    moved = [key for key in changed if key not in standing or identity_of(standing[key].winner, key) != winners[key]]
    former = {key: standing[key].winner for key in moved if key in standing}
    beaten = {key: identity_of(version, key) for key, version in former.items() if version.alive}
    bodies = {(*claim.version.identity, claim.body.province): claim.body for claim in claims}
    unread = {winners[key] for key in changed}.union(beaten.values()) - bodies.keys()
    if unread:  # of events that earlier batches have brought
        bodies |= await store.bodies(connection, sorted(unread))
    delta = Delta()
    for key in moved:
        if key in beaten:
            contributor.add(delta, bodies[beaten[key]], -1)
        if changed[key].winner.alive:
            contributor.add(delta, bodies[winners[key]], 1)
    events = {key: bodies[winners[key]] for key in changed}
    put = [Settled(key, changed[key], contributor.record_subject(body), body) for key, body in events.items()]
    await store.put_records(connection, put, standing)
    applied.figure_changes = await _note_changes(connection, batch, put, fresh, former.keys(), families)
    _count(applied, fresh, set(winners.values()))
    return delta


async def _note_changes(
    connection: Connection,
    batch: int,
    settled: Sequence[Settled],
    fresh: Sequence[Entry],
    superseded: Set[RecordKey],
    families: Families,
) -> int:
    """Note which figures that officers have handed in count no more as they were; return how many."""
    asked = in_question(settled, fresh, superseded, families)
    if not asked:
        return 0
    found = await handed_in_store.handed_in(connection, [list(places(item, families)) for item in asked])
    changes = [
        (item.key[0], before, identity_of(item.standing.winner, item.key))
        for item, before in zip(asked, found, strict=True)
        if before is not None and to_tell(item, before, superseded)
    ]
    await handed_in_store.note(connection, batch, changes)
    return len(changes)


def _count(applied: Applied, fresh: Sequence[Entry], winners: Set[Identity]) -> None:
    for entry in fresh:
        applied.outcomes[entry.event.kind, "applied" if entry.identity in winners else "superseded"] += 1
