"""The SQL of what is counted after a sweep: obligations of current periods, and alerts that found nobody."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from services.notifications.obligations.obligation_store import StateCount
from shared.database.connections import Connection, Pool

# Periods of one report sort as text. What had expired before anybody could be told makes no period current.
CURRENT_COUNTS = """
    WITH latest AS (
        SELECT programme, report, level, max(period) AS period FROM notifications.obligation
        WHERE due_at <= $1 AND state <> 'expired' GROUP BY programme, report, level
    )
    SELECT programme, report, level, state, count(*) AS obligations
    FROM notifications.obligation JOIN latest USING (programme, report, level, period)
    GROUP BY programme, report, level, state
"""
UNADDRESSED = """
    SELECT COALESCE(obligation.programme, problem.programme) AS programme,
           COALESCE(obligation.unit, problem.unit) AS unit, COALESCE(obligation.agency, problem.agency) AS agency,
           problem.domain, alert.step, count(*) AS alerts
    FROM notifications.alert
    LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
    LEFT JOIN notifications.problem ON problem.id = alert.problem
    WHERE alert.state = 'unaddressed'
      AND (obligation.state IN ('open', 'overdue') AND alert.cycle = obligation.cycle
           OR problem.state = 'raised' AND alert.cycle = problem.cycle)
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
REGISTERED = "SELECT DISTINCT unit, agency, programmes FROM registry.officer WHERE unit = ANY ($1::text[])"


class Unaddressed(NamedTuple):
    """How many alerts of a step found nobody, about what an agency at a unit still owes, or a problem of its."""

    programme: str
    unit: str
    agency: str
    domain: str | None
    step: str
    alerts: int


class RegisteredOfficers(NamedTuple):
    """That somebody is registered for an agency at a unit, for these programmes (none named: all)."""

    unit: str
    agency: str
    programmes: list[str]


async def current_counts(connection: Connection, now: datetime) -> list[StateCount]:
    """Count, of each report and level, the obligations of the latest period whose deadline has passed, by state."""
    return [StateCount(*row) for row in await connection.fetch(CURRENT_COUNTS, now)]


async def unaddressed(connection: "Connection | Pool") -> list[Unaddressed]:
    """Read which alerts found nobody, of those about what is unfinished."""
    return [Unaddressed(*row) for row in await connection.fetch(UNADDRESSED)]


async def registered(connection: "Connection | Pool", units: Iterable[str]) -> list[RegisteredOfficers]:
    """Read for which agencies somebody is registered at these units."""
    return [RegisteredOfficers(*row) for row in await connection.fetch(REGISTERED, sorted(units))]
