"""The SQL of problems as they become known: which of several events about one counts, whatever their order."""

from collections.abc import Sequence

from services.notifications.obligations.problems import ProblemChange
from shared.database.connections import Connection

TAKE_PROBLEMS = """
    INSERT INTO notifications.problem
           (programme, province, sender, record, unit, agency, state, text, raised_at, changed_at, source, event,
            to_tell)
    SELECT programme, province, sender, record, unit, agency, state, text,
           CASE WHEN state = 'raised' THEN at END, at, source, event, state = 'raised'
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::timestamptz[], $10::text[], $11::text[])
         AS fresh (programme, province, sender, record, unit, agency, state, text, at, source, event)
    ON CONFLICT (programme, province, sender, record) DO UPDATE SET
        unit = excluded.unit, agency = COALESCE(NULLIF(excluded.agency, ''), problem.agency), state = excluded.state,
        text = COALESCE(excluded.text, problem.text), raised_at = COALESCE(excluded.raised_at, problem.raised_at),
        changed_at = excluded.changed_at, source = excluded.source, event = excluded.event,
        to_tell = excluded.state <> 'withdrawn' AND (problem.to_tell OR problem.state <> excluded.state),
        cycle = problem.cycle + (problem.state <> 'raised' AND excluded.state = 'raised')::integer
    WHERE (excluded.changed_at, excluded.source, excluded.event) > (problem.changed_at, problem.source, problem.event)
       OR problem.changed_at NOT BETWEEN '2000-01-01' AND '2101-01-01' -- a time that no event has outranks none
"""


async def take_problems(connection: Connection, changes: Sequence[ProblemChange]) -> None:
    """Bring problems up to date: one change for each, in the order of their keys."""
    if changes:
        rows = (
            (c.programme, c.province, c.sender, c.record, c.unit, c.agency, c.state, c.text, c.at, c.source, c.event)
            for c in changes
        )
        await connection.execute(TAKE_PROBLEMS, *zip(*rows, strict=True))
