"""The most dangerous rival: PostgreSQL alone. No broker; one transaction a request; a trigger rolls up (triggers.sql).

`python -m bench.peers.triggers`. Four connections behind the door; 202 means committed at every level.
"""

import itertools
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import asyncpg
from pydantic_core import from_json, to_json

from bench.peers.front import make_front
from services.aggregation.ledger import to_entry
from services.aggregation.parts import narrowed
from shared.database.connections import Pool, close_pool, open_pool
from shared.domain.canonical import decode
from shared.domain.periods import PeriodKind, Stretch
from shared.domain.units import Units
from shared.http.serve import serve
from shared.programme.indicators import IndicatorReporter
from shared.programme.model import Programme
from shared.programme.reports import Reporter
from shared.registry.snapshot import Registry

CONNECTIONS = 4
SQL = Path(__file__).with_name("triggers.sql")

APPEND = """
    INSERT INTO peer.ledger (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::timestamptz[], $9::bytea[], $10::json[])
    ON CONFLICT DO NOTHING
"""
PUT_CONFLICTS_ASIDE = """
    INSERT INTO peer.conflict (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data)
    SELECT sent.*
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::timestamptz[], $8::timestamptz[], $9::bytea[], $10::json[])
        AS sent (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data)
    JOIN peer.ledger USING (id, source, sender, province)
    WHERE sent.fingerprint <> ledger.fingerprint
    ON CONFLICT DO NOTHING
"""


async def prepare(url: str, units: Units, programme: Programme) -> None:
    """Create the rival's tables and trigger, and lay down ladders and periods."""
    connection = await asyncpg.connect(url)
    try:
        sql = SQL.read_text(encoding="utf-8").replace(":cutoff", str(programme.cutoff_day))
        await connection.execute(sql)
        for table, records in (
            ("unit", [(unit.uid, unit.level) for unit in units]),
            ("ladder", _ladders(units)),
            ("period", _periods(programme)),
            ("duty", _duties(programme)),
            ("measure", _measures(programme)),
        ):
            await connection.copy_records_to_table(table, schema_name="peer", records=records)
        await connection.execute(
            "CREATE INDEX ON peer.ladder (unit, first) INCLUDE (last, step, level, lowest); ANALYZE"
        )
    finally:
        await connection.close(timeout=5)


def _ladders(units: Units) -> list[tuple[str, date, date, str, str, bool]]:
    """The steps of each unit for each span of days between two changes of the register."""
    starts = sorted({date.min, *(unit.valid_from for unit in units if unit.valid_from is not None)})
    spans = [*itertools.pairwise([*starts, date.max])]
    return [
        (unit.uid, first, end, step.uid, step.level, number == 0)
        for unit in units
        for first, end in ((first, date.fromordinal(following.toordinal() - 1)) for first, following in spans)
        for number, step in enumerate(units.ladder(unit.uid, end))
    ]


def _periods(programme: Programme) -> list[tuple[str, date]]:
    calendar = programme.calendar
    whole = Stretch(programme.slug, programme.stages[0].first, programme.last_period)
    return [
        (str(period), calendar.end(period))
        for kind in (PeriodKind.QUARTER, PeriodKind.HALF_YEAR, PeriodKind.YEAR)
        for period in calendar.parts(whole, kind)
    ]


def _duties(programme: Programme) -> list[tuple[str, str, str, str, list[str]]]:
    """What is expected of whom in each period, as `owes` has it."""
    entries: list[tuple[str, PeriodKind, Reporter | IndicatorReporter]] = [
        *((f"report:{item.slug}", item.period, reporter) for item in programme.reports for reporter in item.reporters),
        *((f"indicator:{item.slug}", item.period, entry) for item in programme.indicators for entry in item.reporters),
    ]
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for subject, kind, entry in entries:
        agencies = entry.agencies if isinstance(entry, IndicatorReporter) else (entry.agency,)
        reach = list(entry.reach) if isinstance(entry, IndicatorReporter) else []
        for period in programme.owed_periods(kind):
            end = programme.calendar.end(period)
            if (entry.since is None or entry.since <= end) and (entry.until is None or end <= entry.until):
                for agency in agencies:
                    found.setdefault((subject, agency, entry.level, str(period)), reach)
    return [(*key, reach) for key, reach in found.items()]


def _measures(programme: Programme) -> list[tuple[object, ...]]:
    """Each measure that counts an activity in part, as the pipeline narrows it."""
    return [
        (
            activity.slug, measure.slug, sorted(measure.groups), sorted(measure.lines),
            to_json(dict(measure.by)).decode(), list(measure.breakdowns), measure.own,
        )
        for activity in programme.activities
        for measure in narrowed(programme, activity.slug)
    ]  # fmt: skip


class OneTransaction:
    """A request's events in one transaction of one of four connections."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Pool | None = None

    async def start(self, _: Callable[[], Registry]) -> None:
        """Connect."""
        self._pool = await open_pool(self._url, size=CONNECTIONS, application_name="bench-triggers")

    async def publish(self, events: Sequence[tuple[str, int, bytes]]) -> None:
        """Returns when the events are committed at every level."""
        entries = (to_entry(decode(from_json(body))) for _, _, body in events)
        ordered = sorted(entries, key=lambda entry: entry.identity)
        columns = list(zip(*[entry.row() for entry in ordered], strict=True))
        assert self._pool is not None  # noqa: S101 - started before it serves
        async with self._pool.acquire() as connection, connection.transaction():
            appended = await connection.execute(APPEND, *columns)
            if appended != f"INSERT 0 {len(ordered)}":
                await connection.execute(PUT_CONFLICTS_ASIDE, *columns)

    async def stop(self) -> None:
        """Let go."""
        if self._pool is not None:
            await close_pool(self._pool)


def main() -> None:
    serve(
        "bench-triggers",
        lambda settings: settings.intake_port,
        lambda settings: make_front(settings, OneTransaction(settings.database_url.get_secret_value())),
    )


if __name__ == "__main__":
    main()
