"""The SQL of changes to handed in figures that wait to be told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database.connections import Connection

# What went aside waits with its obligation; what a person dropped there is told nobody.
WAITING = """
    SELECT changed.obligation, changed.number, obligation.cycle, obligation.programme, obligation.unit,
           obligation.agency, figure.record, figure.batch, figure.changed_at
    FROM unnest($1::text[], $2::timestamptz[]) AS opened (programme, at)
    JOIN notifications.figure_change AS figure ON figure.programme = opened.programme AND figure.changed_at < opened.at
    JOIN notifications.changed_figure AS changed USING (record)
    JOIN notifications.obligation ON obligation.id = changed.obligation
    WHERE figure.to_tell
      AND NOT EXISTS (
        SELECT FROM notifications.aside
        WHERE aside.kind = 'obligation' AND aside.subject = changed.obligation::text
          AND aside.state IN ('waiting', 'dropped') AND aside.died_at >= figure.changed_at)
    ORDER BY changed.obligation, figure.record
"""
# A change that has come meanwhile stays to be looked at.
NOTE_TOLD = """
    UPDATE notifications.figure_change SET to_tell = false
    FROM unnest($1::text[], $2::bigint[]) AS done (record, batch)
    WHERE figure_change.record = done.record AND figure_change.batch = done.batch
"""


class WaitingChange(NamedTuple):
    """A figure of a handing in that was changed since: `number` counts the obligation's handings in by officers."""

    obligation: int
    number: int
    cycle: int
    programme: str
    unit: str
    agency: str
    record: str
    batch: int
    changed_at: datetime


async def waiting(connection: Connection, opened: Mapping[str, datetime]) -> list[WaitingChange]:
    """Read the changes that wait to be told, of each programme those from before its working day was `opened`.

    Only the one sweeper of all replicas takes them.
    """
    if not opened:
        return []
    return [WaitingChange(*row) for row in await connection.fetch(WAITING, list(opened), list(opened.values()))]


async def note_told(connection: Connection, done: Sequence[WaitingChange]) -> None:
    """Note that these changes need no telling any more: they are claimed, or their programme is at rest."""
    if done:
        rows = ((change.record, change.batch) for change in done)
        await connection.execute(NOTE_TOLD, *zip(*rows, strict=True))
