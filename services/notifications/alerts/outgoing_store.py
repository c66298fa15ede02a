"""The SQL of messages on their way to the queue: which belong on it, and how old the oldest is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.database.connections import Connection

REPUBLISH_AFTER = timedelta(seconds=60)

TO_PUBLISH = """
    SELECT id FROM notifications.message
    WHERE act_at <= clock_timestamp() AND (state <> 'queued' OR $1) AND (not_before IS NULL OR not_before <= $2)
    ORDER BY made_at, id
"""
PUBLISHED = """
    WITH ours AS (
        SELECT id FROM notifications.message
        WHERE id = ANY ($1::uuid[])
          AND (state IN ('pending', 'queued') OR (state IN ('waiting', 'sending') AND act_at <= clock_timestamp()))
        ORDER BY id FOR UPDATE
    )
    UPDATE notifications.message SET state = 'queued', act_at = clock_timestamp() + $2
    FROM ours WHERE message.id = ours.id
"""
UNDELIVERED = """
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - min(created_at))::float8 AS oldest,
           EXTRACT(EPOCH FROM min(act_at) - clock_timestamp())::float8 AS next
    FROM notifications.message WHERE act_at IS NOT NULL AND (not_before IS NULL OR not_before <= $1)
"""


class Undelivered(NamedTuple):
    """The oldest message on its way: its age in seconds; and in how many seconds one must be looked at."""

    oldest: float | None
    next_in: float | None


async def to_publish(connection: Connection, now: datetime, *, repair: bool) -> list[UUID]:
    """Find the messages that should be on the queue: new ones, retries that are due, sends whose worker is gone.

    What its officer wants to be left alone for until later waits.

    With `repair` also those that were queued long ago: only where the queue itself is known to be empty.
    """
    return [row["id"] for row in await connection.fetch(TO_PUBLISH, repair, now)]


async def published(connection: Connection, messages: Sequence[UUID]) -> None:
    """Note that the broker has confirmed them; what a worker has taken meanwhile stays with it."""
    await connection.execute(PUBLISHED, messages, REPUBLISH_AFTER)


async def undelivered(connection: Connection, now: datetime) -> Undelivered:
    """Read how old the oldest message on its way is, and when one must be looked at."""
    row = await connection.fetchrow(UNDELIVERED, now)
    return Undelivered(*row) if row else Undelivered(None, None)
