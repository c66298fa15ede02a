"""The SQL of decisions that wait to be told."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database.connections import Connection

# What went aside waits with its obligation; what a person dropped there is told nobody. The obligations are named by an
# array, so that whatever the server believes of the table of changes, only they are read, and not a million.
WAITING = """
    SELECT change.obligation, change.revision, change.cycle, programme, unit, agency,
           CASE change.change WHEN 'waived' THEN 'waived' ELSE 'extended' END AS step,
           change.cycle = obligation.cycle
           AND (change.change = 'waived') = (obligation.state = 'waived')
           AND obligation.state IN ('open', 'overdue', 'waived') AS stands, change.at
    FROM notifications.change JOIN notifications.obligation ON obligation.id = change.obligation
    WHERE change.to_tell AND obligation.id = ANY (ARRAY(SELECT obligation FROM notifications.change WHERE to_tell))
      AND NOT EXISTS (
        SELECT FROM notifications.aside
        WHERE aside.kind = 'obligation' AND aside.subject = change.obligation::text
          AND aside.state IN ('waiting', 'dropped') AND aside.died_at >= change.at)
    ORDER BY change.obligation, change.revision
"""
NOTE_TOLD = """
    UPDATE notifications.change SET to_tell = false
    FROM unnest($1::bigint[], $2::integer[]) AS done (obligation, revision)
    WHERE change.obligation = done.obligation AND change.revision = done.revision
"""


class Decided(NamedTuple):
    """An extension or a waiver that the owing unit has not been told of; `stands` says whether it still holds."""

    obligation: int
    revision: int
    cycle: int
    programme: str
    unit: str
    agency: str
    step: str
    stands: bool
    at: datetime


async def waiting(connection: Connection) -> list[Decided]:
    """Read the decisions that wait to be told: only the one sweeper of all replicas takes them."""
    return [Decided(*row) for row in await connection.fetch(WAITING)]


async def note_told(connection: Connection, done: Sequence[Decided]) -> None:
    """Note that the alerts of these decisions are claimed."""
    if done:
        rows = ((decided.obligation, decided.revision) for decided in done)
        await connection.execute(NOTE_TOLD, *zip(*rows, strict=True))
