"""What `kip verify` and `kip rebuild` share: every province against its ledger, with a progress bar.

A check is Python's work far more than the database's, so provinces are shared out to processes, one for each core.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import asynccontextmanager
from functools import cache
from multiprocessing import get_context

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.console import err
from services.aggregation.consistency.drift import Checked, check_province
from services.aggregation.consistency.drift_store import CHECK_SECONDS, ledger_size
from services.aggregation.contribution import Contributor
from shared.database.connections import Connection, Hosts, Pool, close_pool, open_pool
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.registry import store
from shared.registry.snapshot import Registry
from shared.runtime import gc_tuning
from shared.runtime.config import load_settings

MOST_PROCESSES = 4  # each holds a province's records and cells


def check_all(*, correct: bool, only: Sequence[str]) -> list[Checked]:
    """Check (and correct) these provinces, all without any. Raises ValueError for an unknown one."""
    sizes = asyncio.run(_sizes(only))
    largest_first = sorted(sizes, key=lambda province: -sizes[province])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    processes = min(os.cpu_count() or 1, MOST_PROCESSES, len(sizes))
    with (
        Progress(*columns, console=err(), transient=True) as progress,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
    ):
        task = progress.add_task("rebuilding" if correct else "verifying", total=sum(sizes.values()))
        checked: dict[str, Checked] = {}
        for done in as_completed([pool.submit(_check, province, correct) for province in largest_first]):
            found = done.result()
            checked[found.province] = found
            progress.advance(task, sizes[found.province])
    return [checked[province] for province in sizes]


async def _sizes(only: Sequence[str]) -> dict[str, int]:
    async with _connections() as pool, pool.acquire() as connection:
        known = await store.read_partitions(connection)
        unknown = sorted(set(only) - set(known))
        if unknown:
            units = await store.read_units(connection)
            raise ValueError("\n".join(not_a_province(uid, units) for uid in unknown))
        return {province: await ledger_size(connection, province) for province in list(only) or sorted(known)}


def not_a_province(uid: str, units: Units) -> str:
    """Say that a uid names no province, and which one it went into where there is one."""
    why = "the provinces are those of the register's last day, whatever the run's clock says"
    province = units.province_of(uid) if uid in units else uid
    if province == uid:
        return f"{uid}: no such province; expected a uid like 20@2: {why}"
    return f"{uid}: not one of the provinces; expected {province}, where its figures are: {why}"


def _check(province: str, correct: bool) -> Checked:
    """Check one province, in a process of its own."""
    contributor = _contributor()

    async def check() -> Checked:
        async with _connections() as pool:
            return await check_province(pool, province, contributor, correct=correct)

    return asyncio.run(check())


@cache
def _contributor() -> Contributor:
    """Read once in each process."""

    async def read() -> Registry:
        async with _connections() as pool, pool.acquire() as connection:
            return await read_registry(connection)

    contributor = Contributor(asyncio.run(read()))
    gc_tuning.settle(again=False)
    return contributor


@asynccontextmanager
async def _connections() -> AsyncIterator[Pool]:
    """Open the two connections that a check needs: one for its snapshot, one to correct."""
    settings = {"work_mem": "64MB", "jit": "off"}
    pool = await open_pool(_hosts(), size=2, application_name="kip-cli", settings=settings, limit=CHECK_SECONDS)
    try:
        yield pool
    finally:
        await close_pool(pool)


@cache
def _hosts() -> Hosts:
    """Remember this process's database hosts: one that hangs is waited for once, not for every province."""
    return Hosts(load_settings().database_url.get_secret_value())


async def read_registry(connection: Connection) -> Registry:
    """Read units, partitions and programmes at one instant."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        documents = await store.read_programmes(connection)
        return Registry(
            units=await store.read_units(connection),
            partitions=await store.read_partitions(connection),
            programmes={slug: Programme.model_validate_json(text) for slug, text in documents.items()},
        )
