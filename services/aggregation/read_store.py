"""The SQL of the read path."""

from collections import defaultdict
from collections.abc import Sequence

from pydantic_core import from_json

from services.aggregation.parts import Counters
from services.aggregation.rollup import Said
from shared.db import Connection

CELLS = """
    SELECT unit, by, sum(records)::bigint, sum(reported)::bigint, sum(numerator)::bigint, sum(denominator)::bigint,
           sum(people)::bigint, sum(female)::bigint, sum(amount)::bigint
    FROM aggregation.cell
    WHERE unit = ANY($1) AND subject = $2 AND period = ANY($3) AND programme = $4
    GROUP BY unit, by
"""
REPORTED = """
    SELECT unit, sum(reported)::bigint AS reported
    FROM aggregation.cell
    WHERE unit = ANY($1) AND subject = $2 AND period = $3 AND programme = $4 AND by = ''
    GROUP BY unit
"""
LIVE_REPORTERS = """
    SELECT unit, agency FROM aggregation.record
    WHERE programme = $1 AND subject = $2 AND period = $3 AND alive
"""

# The last state of each reporter up to a period; periods of one kind sort as texts.
LAST_STATES = """
    SELECT DISTINCT ON (record.unit, record.agency)
           record.province, record.sender, ledger.kind, record.unit, record.time, ledger.data
    FROM aggregation.record
    JOIN aggregation.ledger USING (id, source, sender, province)
    WHERE record.programme = $1 AND record.subject = $2 AND record.period <= $3 AND record.alive
    ORDER BY record.unit, record.agency, record.period DESC
"""


async def read_cells(
    connection: Connection, programme: str, subject: str, periods: Sequence[str], units: Sequence[str]
) -> dict[str, dict[str, Counters]]:
    """The counters of each unit by `by`, added up over the periods and over a root's provinces."""
    found: dict[str, dict[str, Counters]] = defaultdict(dict)
    for unit, by, *counters in await connection.fetch(CELLS, units, subject, periods, programme):
        found[unit][by] = Counters(*counters)
    return found


async def read_reported(
    connection: Connection, programme: str, subject: str, period: str, units: Sequence[str]
) -> dict[str, int]:
    """How many reporters below each unit have a live record."""
    rows = await connection.fetch(REPORTED, units, subject, period, programme)
    return {row["unit"]: row["reported"] for row in rows}


async def live_reporters(connection: Connection, programme: str, subject: str, period: str) -> set[tuple[str, str]]:
    """The (unit, agency) with a live record."""
    rows = await connection.fetch(LIVE_REPORTERS, programme, subject, period)
    return {(row["unit"], row["agency"]) for row in rows}


async def last_states(connection: Connection, programme: str, subject: str, period: str) -> list[Said]:
    """What each reporter of a state last said, up to the period."""
    rows = await connection.fetch(LAST_STATES, programme, subject, period)
    return [
        Said(row["province"], row["sender"], row["kind"], row["unit"], row["time"], from_json(row["data"]))
        for row in rows
    ]
