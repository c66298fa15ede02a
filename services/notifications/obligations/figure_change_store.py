"""The SQL of figures that officers have handed in and that count no more as they were."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from asyncpg import Record

from services.notifications.obligations.figure_changes import FigureChange
from shared.database.connections import Connection, Pool
from shared.domain.events import FigureSaid

TAKE = """
    INSERT INTO notifications.figure_change
           (record, batch, programme, indicator, unit, agency, period, sender, source, handed_in_at, before, now,
            changed_by, changed_at, differs, to_tell)
    SELECT record, batch, programme, indicator, unit, agency, period, sender, source, handed_in_at, before, now,
           changed_by, changed_at, differs, differs
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::timestamptz[], $11::jsonb[], $12::jsonb[], $13::text[], $14::timestamptz[],
                $15::boolean[])
         AS fresh (record, batch, programme, indicator, unit, agency, period, sender, source, handed_in_at, before, now,
                   changed_by, changed_at, differs)
    ON CONFLICT (record) DO UPDATE SET
        batch = excluded.batch, programme = excluded.programme, indicator = excluded.indicator, unit = excluded.unit,
        agency = excluded.agency, period = excluded.period, sender = excluded.sender, source = excluded.source,
        handed_in_at = excluded.handed_in_at, before = excluded.before, now = excluded.now,
        changed_by = excluded.changed_by, changed_at = excluded.changed_at, differs = excluded.differs,
        to_tell = excluded.differs
    WHERE figure_change.batch < excluded.batch
"""
_FIGURE = "figure.indicator, figure.period, figure.before, figure.now, figure.changed_by, figure.changed_at"
OF_ALERTS = f"""
    SELECT alert.id AS whose, {_FIGURE}
    FROM notifications.alert
    JOIN notifications.changed_figure AS changed
      ON changed.obligation = alert.obligation AND changed.number = alert.occurrence
    JOIN notifications.figure_change AS figure USING (record)
    WHERE alert.id = ANY ($1::bigint[]) ORDER BY whose, indicator, period
"""  # noqa: S608 - a constant
OF_UNITS = f"""
    SELECT changed.obligation AS whose, {_FIGURE}
    FROM notifications.figure_change AS figure JOIN notifications.changed_figure AS changed USING (record)
    WHERE figure.unit = ANY ($1::text[]) AND figure.differs
    ORDER BY figure.changed_at DESC, whose, indicator, period LIMIT $2
"""  # noqa: S608 - a constant


class ChangedFigure(NamedTuple):
    """A figure as it was handed in and as it counts now (None: withdrawn), by whom it was changed and when."""

    indicator: str
    period: str
    before: FigureSaid
    now: FigureSaid | None
    by: str
    at: datetime


async def take(connection: Connection, changes: Sequence[FigureChange]) -> None:
    """Bring the figures up to date: one change for each, in the order of their records. Its fields are the columns."""
    if changes:
        await connection.execute(TAKE, *zip(*changes, strict=True))


async def of_alerts(connection: Connection, alerts: Sequence[int]) -> dict[int, list[ChangedFigure]]:
    """Read, by alert, the figures that its obligation's last handing in holds and that were changed since."""
    return _grouped(await connection.fetch(OF_ALERTS, alerts)) if alerts else {}


async def of_units(pool: Pool, units: Sequence[str], limit: int) -> dict[int, list[ChangedFigure]]:
    """Read the same by obligation, of these units: those that were changed last come first."""
    return _grouped(await pool.fetch(OF_UNITS, units, limit))


def _grouped(rows: Sequence[Record]) -> dict[int, list[ChangedFigure]]:
    found: dict[int, list[ChangedFigure]] = {}
    for row in rows:
        now = FigureSaid.model_validate_json(row["now"]) if row["now"] is not None else None
        before = FigureSaid.model_validate_json(row["before"])
        figure = ChangedFigure(row["indicator"], row["period"], before, now, row["changed_by"], row["changed_at"])
        found.setdefault(row["whose"], []).append(figure)
    return found
