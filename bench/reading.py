"""The read API at national size: every commune, 40 measures, 12 months, four levels."""

import random
from collections.abc import Callable, Iterator
from datetime import date
from urllib.parse import urlencode

import psycopg

from bench.bulk import built_afterwards
from bench.client import Spec, send
from bench.contender import Contender
from bench.load import lowest_level
from bench.report import Figure, Report
from bench.stand import Stand
from deploy.local.services import Services
from services.aggregation.reading.subjects import subject_of
from shared.domain.periods import Period, PeriodKind
from shared.programme.families import Families

MEASURES = 40
QUESTIONS = 2000

# For every unit of the lowest level and each step of its ladder, month and measure: what the pipeline would have added.
FILL = """
    INSERT INTO aggregation.cell
        (unit, subject, period, programme, province,
         records, reported, numerator, denominator, people, female, amount, once, parts)
    SELECT step, subject, period, %(programme)s, province,
           number, %(reported)s * number, 0, 0,
           20 * number, 10 * number, 1000000 * number, false,
           coalesce(json_object_agg(by, json_build_array(number, 0, 0, 0, 20 * number, 10 * number, 1000000 * number))
                    FILTER (WHERE by <> ''), '{}')
    FROM (
        SELECT step, subject, period, by, province, count(*) AS number
        FROM pg_temp.ladder CROSS JOIN pg_temp.measure CROSS JOIN unnest(%(periods)s::text[]) AS period
        GROUP BY step, subject, period, by, province
    ) AS added
    GROUP BY step, subject, period, province, number
    ORDER BY step, subject, period, province
"""


def measure_reading(
    stand: Stand, services: Services, pipeline: Contender, seconds: float, report: Report, say: Callable[[str], None]
) -> None:
    """p95 of one province's page: all its lowest units, one measure, one month, with coverage."""
    year = Period(PeriodKind.YEAR, stand.programme.first_period.year)
    pipeline.clear()
    cells = fill(stand, pipeline, year)
    say(f"{cells:,} cells")
    paths = [f"/v1/rollups?{urlencode(question)}" for question in _questions(stand, year)]
    spec = Spec(services.url("aggregation"), pipeline.headers, 1, paths=paths, seconds=2 * seconds)
    send(spec)  # the first question of each subject and period also counts who is expected
    answered = send(spec)
    found = answered.latencies_ms
    times = f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms"
    note = f"{cells:,} cells, {len(_series(stand))} measures, {answered.answered} questions; {times}"
    name = "read API at national size, p95 of a province's page"
    report.add(Figure("reading", name, found["p95"], at_most=50, unit="ms", note=note))


def fill(stand: Stand, pipeline: Contender, year: Period) -> int:
    """Fill the cells; returns how many."""
    programme = stand.programme
    months = list(programme.calendar.parts(year, PeriodKind.MONTH))
    day = programme.calendar.end(months[0])
    today = programme.calendar.end(programme.last_period)
    alone = Families({programme.slug: programme})
    subjects = [
        subject_of(programme, field, slug, month, today, alone) for field, slug in _series(stand) for month in months
    ]
    measures = sorted({(cells, subject.part) for subject in subjects for cells in subject.cells})
    covering = {(subject.coverage, str(subject.coverage_period)) for subject in subjects}
    with psycopg.connect(pipeline.database) as connection:
        connection.execute('CREATE TEMP TABLE ladder (step text COLLATE "C", province text COLLATE "C")')
        connection.execute('CREATE TEMP TABLE measure (subject text COLLATE "C", by text COLLATE "C")')
        with connection.cursor().copy("COPY pg_temp.ladder FROM STDIN") as copy:
            for row in _steps(stand, day):
                copy.write_row(row)
        with built_afterwards(connection, "aggregation.cell"):
            for found, periods, reported in (
                (measures, [str(month) for month in months], 0),
                *(([(subject, "")], [period], 1) for subject, period in sorted(covering)),
            ):
                connection.execute("TRUNCATE pg_temp.measure")
                connection.cursor().executemany("INSERT INTO pg_temp.measure VALUES (%s, %s)", found)
                connection.execute(FILL, {"programme": programme.slug, "periods": periods, "reported": reported})
    pipeline.query("VACUUM ANALYZE aggregation.cell")
    pipeline.query("CHECKPOINT")
    return int(pipeline.query("SELECT count(*) FROM aggregation.cell")[0][0])


def _steps(stand: Stand, day: date) -> Iterator[tuple[str, str]]:
    level = lowest_level(stand.programme)
    for unit in stand.units:
        if unit.level == level and unit.in_force(day):
            province = stand.units.province_of(unit.uid)
            yield from ((step.uid, province) for step in stand.units.ladder(unit.uid, day))


def _series(stand: Stand) -> list[tuple[str, str]]:
    """Forty that are counted month by month, each as (parameter, slug): output measures first, then activities."""
    programme = stand.programme
    measures = [item.slug for item in programme.measures if item.activities and item.counts != "units"]
    series = [("indicator", slug) for slug in measures] + [("activity", item.slug) for item in programme.activities]
    return series[:MEASURES]


def _questions(stand: Stand, year: Period) -> list[dict[str, str]]:
    chance = random.Random("reading")  # noqa: S311 - questions, not secrets
    months = list(stand.programme.calendar.parts(year, PeriodKind.MONTH))
    day = stand.programme.calendar.end(months[0])
    provinces = [uid for uid in stand.provinces if stand.units[uid].in_force(day)]
    series = _series(stand)
    questions = []
    for _ in range(QUESTIONS):
        field, slug = chance.choice(series)
        questions.append(
            {
                "programme": stand.programme.slug,
                field: slug,
                "within": chance.choice(provinces),
                "level": lowest_level(stand.programme),
                "period": str(chance.choice(months)),
            }
        )
    return questions
