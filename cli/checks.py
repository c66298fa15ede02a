"""What `kip verify` and `kip rebuild` share: every province against its ledger, with a progress bar."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.aggregation.contribution import Contributor
from services.aggregation.drift import Checked, check_province
from services.aggregation.recompute import buckets, ledger_size
from shared.config import load_settings
from shared.db import Connection, Pool, close_pool, open_pool
from shared.programme import Programme
from shared.registry import store
from shared.registry.snapshot import Registry

AT_ONCE = 2  # one waits for the database while the other reads
err = Console(stderr=True)


def check_all(*, correct: bool, only: Sequence[str]) -> list[Checked]:
    """Check (and correct) these provinces, all without any. Raises ValueError for an unknown one."""
    return asyncio.run(_check_all(correct, only))


async def _check_all(correct: bool, only: Sequence[str]) -> list[Checked]:
    url = load_settings().database_url.get_secret_value()
    settings = {"work_mem": "64MB", "jit": "off"}
    pool = await open_pool(url, size=2 * AT_ONCE, application_name="kip-cli", settings=settings)
    try:
        async with pool.acquire() as connection:
            registry = await read_registry(connection)
            unknown = sorted(set(only) - set(registry.partitions))
            if unknown:
                raise ValueError(f"{', '.join(unknown)}: no such province; expected uids like 20@2")
            provinces = list(only) or sorted(registry.partitions)
            sizes = {province: await ledger_size(connection, province) for province in provinces}
        return await _with_progress(pool, registry, sizes, correct)
    finally:
        await close_pool(pool)


async def _with_progress(pool: Pool, registry: Registry, sizes: dict[str, int], correct: bool) -> list[Checked]:
    contributor = Contributor(registry)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    slots = asyncio.Semaphore(AT_ONCE)
    with Progress(*columns, console=err, transient=True) as progress:
        total = sum(size * buckets(size) for size in sizes.values())
        task = progress.add_task("rebuilding" if correct else "verifying", total=total)

        async def one(province: str) -> Checked:
            async with slots:
                return await check_province(
                    pool, province, contributor, correct=correct, read=lambda count: progress.advance(task, count)
                )

        return list(await asyncio.gather(*map(one, sizes)))


async def read_registry(connection: Connection) -> Registry:
    """Units, partitions and programmes, at one instant."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        documents = await store.read_programmes(connection)
        return Registry(
            units=await store.read_units(connection),
            partitions=await store.read_partitions(connection),
            programmes={slug: Programme.model_validate_json(text) for slug, text in documents.items()},
        )
