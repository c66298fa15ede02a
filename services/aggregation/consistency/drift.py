"""Compares a province's records and cells with what its ledger gives, and corrects them, on a live system.

A check reads one instant and finds the difference, right less standing. Batches only ever add to cells, so the
difference may be added at any later moment, beside live traffic: that is the rebuild, whether one cell is wrong or the
tables are empty. The partition's writer waits for two moments: the snapshot, and the correction's commit.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from services.aggregation import store
from services.aggregation.consistency import drift_store, wild_store
from services.aggregation.consistency.recompute import Contest, buckets, claims_since, in_bucket, recompute
from services.aggregation.contribution import CellKey, Contributor, Delta
from services.aggregation.parts import Parts, less
from services.aggregation.records import Settled
from shared.database.connections import Connection, Pool
from shared.domain.canonical import Identity

CORRECTED_AT_ONCE = 5000
Key = TypeVar("Key", str, CellKey)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check of one province. `aside`: events of a wild time that a correction has moved to `dead`."""

    province: str
    events: int
    cells: int
    records: int
    twice: int
    aside: int = 0


@dataclass(frozen=True, slots=True)
class Wrong:
    """A record that isn't what the ledger gives: what is right, and whose live event stands in its place."""

    right: Contest | None
    standing: Identity | None


async def check_province(
    pool: Pool,
    province: str,
    contributor: Contributor,
    *,
    correct: bool = False,
) -> Checked:
    """Compare a province with its ledger, and correct it if asked. The tables `checked` and `drift` keep the outcome.

    Invariant: what is added to the cells is right less standing at one batch. Batches only add, so it stays what is
    missing, however many come before it is added. They must name records as the contributor does: where the province's
    stand under other names, its batches wait from the snapshot on until all of them are corrected.
    """
    partition, families = contributor.registry.partition_of(province), contributor.registry.families
    delta, wrong = Delta(), 0
    renamed_to = families.mark if correct else None
    async with drift_store.snapshot(pool, province, partition, renamed_to) as (connection, batch):
        events = await drift_store.ledger_size(connection, province)
        passes = buckets(events)
        for bucket in range(passes):
            records = await recompute(connection, province, families, bucket, passes)
            for contest in records.values():
                _contribute(contributor, delta, province, contest, 1)
            found = await _differing(connection, province, records, (bucket, passes), contributor)
            wrong += len(found)
            for some in _some(found) if correct else ():
                async with _writer(pool, partition) as other:
                    await _correct_records(other, province, some, batch, contributor)
        difference = await _differing_cells(connection, province, delta.cells())
        twice = await drift_store.alive_twice(connection, province)
        if correct:
            await _correct_cells(pool, partition, difference)
            await _resume(pool, province, contributor)
    aside = await _put_wild_aside(pool, province, partition, batch) if correct else 0
    cells = sum(map(len, difference.values()))
    async with pool.acquire() as connection, connection.transaction():
        await drift_store.keep_difference(connection, province, {} if correct else difference)
        left = (0, 0) if correct else (cells, wrong)
        await drift_store.remember(connection, province, batch, events, *left, twice)
    return Checked(province, events, cells, wrong, twice, aside)


@asynccontextmanager
async def _writer(pool: Pool, partition: int) -> AsyncIterator[Connection]:
    """Open a transaction in the place of the partition's writer, who waits until it ends."""
    async with pool.acquire() as connection, connection.transaction():
        await store.guard_partition(connection, partition)
        yield connection


def _contribute(contributor: Contributor, delta: Delta, province: str, contest: Contest | None, sign: int) -> None:
    if contest is not None and contest.winner.version.alive:
        contributor.add(delta, contest.winner.body(province), sign)


async def _differing(
    connection: Connection,
    province: str,
    records: dict[str, Contest],
    bucket: tuple[int, int],
    contributor: Contributor,
) -> dict[str, Wrong]:
    number, of = bucket
    unseen = set(records)
    wrong: dict[str, Wrong] = {}
    async for record in drift_store.standing_records(connection, province):
        if not in_bucket(record.key, number, of):
            continue
        unseen.discard(record.key)
        contest = records.get(record.key)
        if contest is None or not _same(record, contest, province, contributor):
            winner = record.standing.winner
            wrong[record.key] = Wrong(contest, (*winner.identity, province) if winner.alive else None)
    return wrong | {key: Wrong(records[key], None) for key in unseen}


def _same(record: drift_store.Record, contest: Contest, province: str, contributor: Contributor) -> bool:
    right = contest.winner
    if record.standing != contest.standing or record.unit != right.unit:
        return False
    return record.subject == contributor.record_subject(right.body(province))


async def _correct_records(
    connection: Connection, province: str, wrong: dict[str, Wrong], batch: int, contributor: Contributor
) -> None:
    """Put the right winners in place, and undo in the cells what batches since the snapshot drew from the wrong ones.

    Invariant: afterwards the cells have gained, since the snapshot, what is right now less what was right then. Such
    a batch has added what stands now less what stood: that is taken back, and the right difference added.
    """
    later = await claims_since(connection, province, contributor.registry.families, batch)
    now = await drift_store.standing(connection, province, list(wrong))
    involved = {item.standing for item in wrong.values()} | set(now.values())
    known = sorted(identity for identity in involved if identity is not None)
    bodies = await store.bodies(connection, known) if known else {}
    delta = Delta()
    right: list[Settled] = []
    for key, item in wrong.items():
        newest = _joined(item.right, later.get(key))
        _contribute(contributor, delta, province, newest, 1)
        _contribute(contributor, delta, province, item.right, -1)
        for identity, sign in ((now.get(key), -1), (item.standing, 1)):
            if identity is not None and identity in bodies:
                contributor.add(delta, bodies[identity], sign)
        if newest is not None:
            body = newest.winner.body(province)
            right.append(Settled((key, province), newest.standing, contributor.record_subject(body), body))
    await drift_store.forget_records(connection, province, list(wrong))
    await store.put_records(connection, right)
    await store.add_to_cells(connection, delta.cells())


async def _differing_cells(connection: Connection, province: str, right: dict[CellKey, Parts]) -> dict[CellKey, Parts]:
    """Find where the province's cells differ from `right`, which is used up: right less standing."""
    difference: dict[CellKey, Parts] = {}
    async for key, standing in drift_store.cells(connection, province):
        missing = less(right.pop(key, {}), standing)
        if missing:
            difference[key] = missing
    return difference | right


async def _correct_cells(pool: Pool, partition: int, difference: Mapping[CellKey, Parts]) -> None:
    for some in _some(difference):
        async with _writer(pool, partition) as connection:
            await store.add_to_cells(connection, some)


async def _resume(pool: Pool, province: str, contributor: Contributor) -> None:
    """Let the province's batches go on, which have waited if its records stood under other names."""
    registry = contributor.registry
    async with _writer(pool, registry.partition_of(province)) as connection:
        await drift_store.resume(connection, province, registry.families.mark)


async def _put_wild_aside(pool: Pool, province: str, partition: int, batch: int) -> int:
    """Move the province's events of wild times, up to this batch, to `dead`; return how many.

    No record may rest on them any more: a live batch looks up what it beats.
    """
    async with _writer(pool, partition) as connection:
        wild = await wild_store.take_out(connection, province, batch)
        if wild:
            await store.bury(connection, wild, await wild_store.now(connection))
    return len(wild)


def _joined(one: Contest | None, other: Contest | None) -> Contest | None:
    return one or other if one is None or other is None else one.joined(other)


def _some(all_: Mapping[Key, Value]) -> Iterable[dict[Key, Value]]:
    """Split it into portions in the order of the keys: the partition's writer waits while one is written."""
    keys = sorted(all_)
    for start in range(0, len(keys), CORRECTED_AT_ONCE):
        yield {key: all_[key] for key in keys[start : start + CORRECTED_AT_ONCE]}
