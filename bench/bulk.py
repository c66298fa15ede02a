"""Filling a table by the million: its keys and indexes are built after the rows, which is several times faster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

KEY = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'
"""
INDEXES = """
    SELECT indexrelid::regclass::text, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
    FROM pg_index
    WHERE indrelid = %s::regclass AND NOT indisprimary
"""


@contextmanager
def built_afterwards(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """Inside, `table` has no key and no index; leaving builds them again. One transaction with what is done inside."""
    keys = connection.execute(KEY, [table]).fetchall()
    indexes = connection.execute(INDEXES, [table]).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    for name, _ in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for name, definition in keys:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        connection.execute(definition)
