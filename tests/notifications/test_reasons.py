"""The reason that is kept with what went aside helps, and quotes nobody."""

import asyncpg
import pytest

from services.notifications.apart import reason_of
from shared.runtime.isolation import reason


async def test_a_reason_has_a_database_s_message_and_quotes_no_row(pool):
    with pytest.raises(asyncpg.UniqueViolationError) as found:
        await pool.execute(
            "CREATE TEMPORARY TABLE t (a text PRIMARY KEY); INSERT INTO t VALUES ('an@x.vn'), ('an@x.vn')"
        )
    assert "an@x.vn" in str(found.value)
    assert reason_of(found.value) == (
        'UniqueViolationError (23505): duplicate key value violates unique constraint "t_pkey"'
    )
    assert reason(found.value) == f"can't be applied: {reason_of(found.value)}"
    assert reason_of(ValueError("two\nlines")) == "ValueError: two\nlines"
