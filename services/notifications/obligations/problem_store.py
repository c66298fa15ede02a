"""The SQL of problems as they become known: which of several events about one counts, whatever their order."""

from collections.abc import Sequence

from services.notifications.obligations.problems import ProblemChange
from shared.database.connections import Connection

TAKE_PROBLEMS = """
    INSERT INTO notifications.problem
           (programme, province, sender, record, unit, agency, state, text, raised_at, changed_at, source, event,
            domain, to_tell)
    SELECT programme, province, sender, record, unit, agency, state, text,
           CASE WHEN state = 'raised' THEN at END, at, source, event, domain, state = 'raised'
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::timestamptz[], $10::text[], $11::text[], $12::text[])
         AS fresh (programme, province, sender, record, unit, agency, state, text, at, source, event, domain)
    ON CONFLICT (programme, province, sender, record) DO UPDATE SET
        unit = CASE excluded.state WHEN 'raised' THEN excluded.unit ELSE problem.unit END,
        agency = CASE excluded.state WHEN 'raised' THEN excluded.agency ELSE problem.agency END, state = excluded.state,
        text = COALESCE(excluded.text, problem.text), raised_at = COALESCE(excluded.raised_at, problem.raised_at),
        domain = COALESCE(excluded.domain, problem.domain),
        changed_at = excluded.changed_at, source = excluded.source, event = excluded.event,
        to_tell = excluded.state <> 'withdrawn' AND (problem.to_tell OR problem.state <> excluded.state),
        cycle = problem.cycle + (problem.state <> 'raised' AND excluded.state = 'raised')::integer
    WHERE (excluded.changed_at, excluded.source, excluded.event) > (problem.changed_at, problem.source, problem.event)
       OR problem.changed_at NOT BETWEEN '2000-01-01' AND '2101-01-01' -- a time that no event has outranks none
"""


async def take_problems(connection: Connection, changes: Sequence[ProblemChange]) -> None:
    """Bring problems up to date: one change for each, in the order of their keys. Its fields are the columns."""
    if changes:
        await connection.execute(TAKE_PROBLEMS, *zip(*changes, strict=True))
