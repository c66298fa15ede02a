"""The table `dead_event`: events that notifications could not take."""

from collections.abc import Sequence
from datetime import datetime

from shared.database.connections import Connection
from shared.database.dead_store import DeadStore

DEAD = DeadStore("notifications.dead_event")
BURY = """
    INSERT INTO notifications.dead_event (reason, kind, event, died_at)
    SELECT reason, kind, event, $4 FROM unnest($1::text[], $2::text[], $3::json[]) AS dead (reason, kind, event)
"""


async def bury(connection: Connection, dead: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Put events aside, each as (reason, kind, JSON), in the caller's transaction."""
    await connection.execute(BURY, *zip(*dead, strict=True), now)
