"""Cells of an older version: migrations reshape them, and no figure changes."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from shared.database import migration

NOW = datetime(2025, 12, 1, tzinfo=UTC)
KEY = ("06412@1", "activity:planning", "2023-03")
PLACE = ("ecd-1437", "20@2")
OLD = [
    (*KEY, "", *PLACE, 2, 0, 0, 0, 30, 20, 700),
    (*KEY, "domain:health", *PLACE, 1, 0, 0, 0, 10, 5, 0),
    (*KEY, "unit:plan-issued", *PLACE, 1, 0, 0, 0, 0, 0, 0),
    ("VN", "indicator:child-service-access", "2023-Q1", "sex:female", *PLACE, 1, 1, 40, 90, 0, 0, 0),
]


async def test_old_cells_come_through_the_migration_whole_and_in_parts(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in sorted(migration.MIGRATIONS.glob("*.sql")):
        if path.name < "0022":
            shutil.copy(path, tmp_path)
    with monkeypatch.context() as before:
        before.setattr(migration, "MIGRATIONS", tmp_path)
        await migration.migrate(database_url, NOW)
    connection = await asyncpg.connect(database_url)
    columns = "unit subject period by programme province records reported numerator denominator people female amount"
    await connection.copy_records_to_table(
        "cell", schema_name="aggregation", columns=columns.split(), records=OLD
    )  # as the older version wrote them
    assert "0022_aggregation_parts.sql" in await migration.migrate(database_url, NOW)
    rows = [tuple(row) for row in await connection.fetch("SELECT * FROM aggregation.part")]
    once = await connection.fetchval("SELECT array_agg(unit) FROM aggregation.cell WHERE once")
    await connection.close(timeout=5)
    whole = ("VN", "indicator:child-service-access", "2023-Q1", "", *PLACE, 0, 0, 0, 0, 0, 0, 0)
    assert sorted(rows) == sorted([*OLD, whole])  # a cell has a whole, be it zero
    assert once == ["06412@1"]
